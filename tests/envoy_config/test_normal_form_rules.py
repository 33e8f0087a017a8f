"""The rules that Envoy's routes carry refuse the same paths as the sidecar itself."""

import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.path import PathMode, is_normal
from sidecar.envoy_config.normal_form import ASCII, NORMAL_FORM, Rule

_TABLE = {
    "ascii": ["/\xff", "/\xc3\xa9", "/a?\xff", "/a b", "/a?b c", "/\x7f", "/\x00"],
    "characters": [
        *("", "a", "*", "a/b", "?x", "http://h/", "/a;b", "/a\\b", "/a#b", '/a"b', "/<", "/>", "/[", "/]", "/^", "/`"),
        *(
            "/{",
            "/|",
            "/}",
            "/%",
            "/%2",
            "/%zz",
            "/%c3%A9",
            "/%C3%a9",
            "/%3b",
            "/a%3Bb",
            "/%41",
            "/%7E",
            "/%2D",
            "/%2E%2E",
            "/%5F",
        ),
        *("/%30", "/%2F", "/%2f", "/%5C", "/%00", "/%1F", "/%0A", "/%7F"),
    ],
    "segments": [
        *("//", "//a", "/a//", "/a//b", "/.", "/..", "/./", "/../", "/a/.", "/a/..", "/./a", "/../a", "/a/../b"),
        *(
            "/a/./b",
            "/.?x",
            "/a/..?x",
            "/a//?x",
            "/.%20",
            "/%20..",
            "/a/%20%20./b",
            "/%20/a",
            "/+/a",
            "/..+/a",
            "/a/..%23",
            "/..%3Fx/b",
        ),
    ],
    "double-encoding": ["/%252F", "/%252f", "/%2541", "/a%25aAb", "/%25%2500", "/%2500?x", "/%25u002E", "/%25U"],
    "utf8-length": ["/%80", "/%C3", "/%C3a", "/%C3%20", "/%A9%C3", "/%E2%82", "/%F0%9F%98", "/%C3%A9%A9", "/%C3?%A9"],
    "utf8-range": [
        "/%C2%80",
        "/a%C2%9F",
        "/%C0%AF",
        "/%C1%81",
        "/%E0%80%AF",
        "/%ED%A0%80",
        "/%F0%80%80%AF",
        "/%F4%90%80%80",
        "/%F5%80%80%80",
    ],
}

_NORMAL = [
    *("/", "/a", "/a/", "/a/b", "/.a", "/..a", "/...", "/a.", "/a..b", "/a/.b/..c/...", "/:@!$&'()*+,=-._~09azAZ"),
    *(
        "/%20",
        "/%25",
        "/%25/",
        "/%25a",
        "/%25ag",
        "/%25/aa",
        "/%25%25",
        "/%20a",
        "/a+b/c+",
        "/+a",
        "/%23",
        "/%3F",
        "/%C3%A9",
        "/%E2%82%AC",
    ),
    *("/%F0%9F%98%80", "/%F4%8F%BF%BF", "/%ED%9F%BF", "/%EF%BF%BD", "/a?", "/a?//../.;\\%2F%zz#?%252F%80"),
]

#: Pieces from which a random path is likely to touch a rule.
_PIECES = [
    *("/", ".", "a", "F", "0", "%", ";", "\\", "#", "~", '"', " ", "\xff"),
    *(
        "%25",
        "%2F",
        "%41",
        "%20",
        "%C3",
        "%A9",
        "%C2",
        "%3B",
        "%3F",
        "%c3",
        "%E2",
        "%82",
        "%AC",
        "%F0",
        "%9F",
        "%ED",
        "%A0",
        "%80",
        "%F4",
    ),
]


def _broken(target: str) -> list[str]:
    return [rule.name for rule in NORMAL_FORM if _breaks(rule, target)]


def _breaks(rule: Rule, target: str) -> bool:
    return (re.fullmatch(rule.pattern, target, re.DOTALL) is not None) is rule.forbidden


@pytest.mark.parametrize(("rule", "target"), [(rule, target) for rule, targets in _TABLE.items() for target in targets])
def test_each_rule_refuses(rule: str, target: str) -> None:
    """A path that breaks one rule is refused by that very rule."""
    assert rule in _broken(target)


@pytest.mark.parametrize("target", _NORMAL)
def test_normal_form_passes(target: str) -> None:
    """What is in normal form breaks no rule, whatever its query says."""
    assert _broken(target) == []


@pytest.mark.parametrize("rule", NORMAL_FORM, ids=lambda rule: rule.name)
def test_no_rule_is_idle(rule: Rule) -> None:
    """Each rule refuses a path that all others let pass."""
    assert [target for target in _TABLE[rule.name] if _broken(target) == [rule.name]]


def test_ascii_comes_first() -> None:
    """The rule of every mode is the first of the normal form."""
    assert NORMAL_FORM[0] is ASCII


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map(lambda pieces: "/" + "".join(pieces)))
@example("/%25%2541")
@example("/a/..")
def test_agrees_with_the_sidecar(path: str) -> None:
    """``sidecar.core.path`` refuses what Envoy's rules refuse, and more only where that takes knowing Unicode."""
    if is_normal(path, PathMode.REJECT):
        assert _broken(path) == []
    else:
        assert _broken(path) or "%E2%80%80" in path  # U+2000, a space: the only one among the pieces


@given(st.text(alphabet=string.printable, max_size=12))
def test_agrees_on_any_text(path: str) -> None:
    """They also agree on text that was not made to be a path."""
    path = path.replace("?", "")
    assert (_broken(path) == []) is is_normal(path, PathMode.REJECT)
