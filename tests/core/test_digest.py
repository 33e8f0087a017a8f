"""Digests name the content of values, alike in every process."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.digest import digest_of
from sidecar.core.path import PathMode
from support.keypairs import pair
from support.trusts import ALLOW_ALL, issuer, policy_set, response_settings, trust

_DENY_ALL = [{"name": "all", "action": "deny", "rules": [{}]}]


class _Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class _Point:
    x: object
    note: object = field(default=None, compare=False)


_DIFFERENT: list[object] = [
    *("", "1", "None", b"1", 1, 1.0, True, None, "True", "str:'1'", "['1']", "a,b", "a','b"),
    *((), ("1",), ("1", "1"), (("1",),), ("1,1",), ("a", "b"), ("a','b",), ("b", "a")),
    *(frozenset(), frozenset({"1"}), frozenset({"a", "b"}), frozenset({"a,b"})),
    *({}, {"a": "b"}, {"b": "a"}, {"a": {"b": "c"}}, {"a": "b", "c": "d"}),
    *(_Colour.RED, "_Colour.RED", _Point(1), _Point("1"), _Point(None), _Point(_Point(1))),
]


def test_different_values_differ() -> None:
    """No two of many values that look alike have the same digest."""
    assert len({digest_of(value, b"t") for value in _DIFFERENT}) == len(_DIFFERENT)


def test_purposes_differ() -> None:
    """The same value has another digest for another purpose."""
    assert digest_of("a", b"issuer") != digest_of("a", b"trust")


def test_fields_that_do_not_compare_do_not_count() -> None:
    """A field that is not compared is not part of the content."""
    assert digest_of(_Point(1, note=2), b"t") == digest_of(_Point(1, note=3), b"t")


@pytest.mark.parametrize("value", [{1, 2}, bytearray(b"a"), 1j, ({1},), range(3)], ids=repr)
def test_unknown_types(value: object) -> None:
    """A type without canonical form is refused, not guessed at."""
    with pytest.raises(TypeError):
        digest_of(value, b"t")


def test_every_field_of_a_trust_counts() -> None:
    """Whatever is changed in a Trust, its digest changes."""
    base = trust()
    others = [
        replace(base, path_mode=PathMode.BASE),
        replace(base, max_token_bytes=1),
        replace(base, policy=policy_set(_DENY_ALL)),
        replace(base, policy=policy_set(ALLOW_ALL, public=[{"paths": ["/x"]}])),
        *(replace(base, response=response_settings(**change)) for change in _RESPONSES),
        *(trust(issuers=[issuer(**change)]) for change in _ISSUERS),
        trust(issuers=[issuer([pair(owner="other").public])]),
        trust(issuers=[issuer([pair(key_id="other").public])]),
        trust(issuers=[]),
        base,
    ]
    assert len({other.digest for other in others}) == len(others)
    assert trust().digest == base.digest


_RESPONSES: list[dict[str, object]] = [
    {"realm": "other"},
    {"subject_header": None},
    {"issuer_header": "x"},
    {"scopes_header": "x"},
    {"claim_headers": ((("a",), "x"),)},
    {"forward_token": False},
    {"metadata_claims": ("*",)},
    {"max_header_bytes": 64},
]
_ISSUERS: list[dict[str, object]] = [
    {"issuer": "https://other.example"},
    {"audiences": frozenset({"other"})},
    {"algorithms": frozenset({Algorithm.EDDSA})},
    {"clock_skew": 0.0},
    {"max_lifetime": 60.0},
    {"required_claims": frozenset()},
]


def test_alike_in_every_process() -> None:
    """A digest does not depend on a process's hash seed."""
    script = (
        "from sidecar.core.digest import digest_of\n"
        "names = [str(n) for n in range(50)]\n"
        "print(digest_of((frozenset(names), dict.fromkeys(names)), b't').hex())"
    )
    root = Path(__file__).resolve().parents[2]
    seen = {
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, cwd=root, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1
