"""Istio's path modes: a path that Envoy, set up as they ask, would have changed shows that Envoy is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.path import PathMode, is_normal

_NONE, _BASE = PathMode.NONE, PathMode.BASE
_MERGE, _DECODE = PathMode.MERGE_SLASHES, PathMode.DECODE_AND_MERGE_SLASHES
_ISTIO = (_NONE, _BASE, _MERGE, _DECODE)

#: Each path with the modes that take it.
_TABLE: list[tuple[str, tuple[PathMode, ...]]] = [
    ("/", _ISTIO),
    ("/a/b", _ISTIO),
    ("/a;b", _ISTIO),
    ("/%20%3b", _ISTIO),
    ("/%25", _ISTIO),
    ("/...", _ISTIO),
    ("/.a/..b", _ISTIO),
    ("/a%2Fb", (_NONE, _BASE, _MERGE)),
    ("/a%2fb", (_NONE, _BASE, _MERGE)),
    ("/a%5Cb", (_NONE, _BASE, _MERGE)),
    ("/a%5cb", (_NONE, _BASE, _MERGE)),
    ("//", (_NONE, _BASE)),
    ("/a//b", (_NONE, _BASE)),
    ("//a%2F", (_NONE, _BASE)),
    ("/.", (_NONE,)),
    ("/..", (_NONE,)),
    ("/a/../b", (_NONE,)),
    ("/a/./b", (_NONE,)),
    ("/a/..", (_NONE,)),
    ("/%2e%2e/a", (_NONE,)),
    ("/%2E", (_NONE,)),
    ("/.%2e/", (_NONE,)),
    ("/a\\b", (_NONE,)),
    ("/a#b", (_NONE,)),
    ("/%41", (_NONE,)),
    ("/%7e", (_NONE,)),
    ("/a%2Db", (_NONE,)),
    ("/%5f", (_NONE,)),
    ("/%30", (_NONE,)),
    ("", ()),
    ("a", ()),
    ("*", ()),
    ("http://h/", ()),
]


@pytest.mark.parametrize("mode", _ISTIO)
@pytest.mark.parametrize(("path", "takers"), _TABLE)
def test_table(path: str, takers: tuple[PathMode, ...], mode: PathMode) -> None:
    """A path is taken by exactly the modes whose normalisation leaves it as it is."""
    assert is_normal(path, mode) is (mode in takers)


@given(st.lists(st.sampled_from([*"/.\\#a%;", "%2e", "%2F", "%41"]), max_size=8).map(lambda p: "/" + "".join(p)))
def test_each_mode_is_stricter(path: str) -> None:
    """What a mode takes every laxer one takes as well."""
    taken = [is_normal(path, mode) for mode in _ISTIO]
    assert taken == sorted(taken, reverse=True)


@pytest.mark.parametrize("mode", [_BASE, _MERGE, _DECODE])
@pytest.mark.parametrize("character", "abcxyzABCXYZ0189-._~")
@pytest.mark.parametrize("spell", ["%{:02x}", "%{:02X}"])
def test_encoded_unreserved(character: str, spell: str, mode: PathMode) -> None:
    """A character that never needs encoding, encoded, shows that Envoy did not normalise."""
    assert not is_normal("/a" + spell.format(ord(character)), mode)
