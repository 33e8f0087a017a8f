"""Values: what comes out of an expression, what does not, and what is refused."""

import json
import math
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cel import CelError, compile_value
from sidecar.core.digest import digest_of
from sidecar.core.policy.model import Looks

GIVEN: dict[str, object] = {
    "request.method": "GET",
    "request.headers": {"x-team": "blue"},
    "identity.claims": {"team": "blue", "level": 3, "nothing": None, "list": [1, None, {"a": [True]}], "ratio": 1.5},
    "now": 1790000000.5,
}

TOLD: dict[str, object] = {
    "identity.claims.team": "blue",
    "'team-' + identity.claims.team": "team-blue",
    "identity.claims.level": 3,
    "identity.claims.level * 2": 6,
    "identity.claims.ratio": 1.5,
    "identity.claims.list": [1, None, {"a": [True]}],
    "identity.claims": GIVEN["identity.claims"],
    "identity.claims.level > 2 && 'x-team' in request.headers": True,
    "identity.claims.level > 2 ? 'high' : 'low'": "high",
    "{'team': request.headers['x-team'], 'since': now}": {"team": "blue", "since": "2026-09-21T14:13:20.500000Z"},
    "now": "2026-09-21T14:13:20.500000Z",
    "timestamp('2026-01-01T00:00:00Z')": "2026-01-01T00:00:00Z",
    "request.method.matches('^G')": True,
    "[request.method.matches('^P'), inCidr('10.0.0.1', '10.0.0.0/8')]": [False, True],
    "5u": 5,
    "[]": [],
    "{}": {},
    "dyn('a')": "a",
    "identity.claims.?team.orValue('none')": "blue",
    "identity.claims.?other.orValue('none')": "none",
    "identity.claims[?'other'].or(identity.claims.?team).orValue('none')": "blue",
    "identity.claims.?other.further.orValue('none')": "none",
    "request.headers.?other.orValue('none')": "none",
    "[?identity.claims.?other, 'a']": ["a"],
    "{?'other': identity.claims.?other, ?'team': identity.claims.?team}": {"team": "blue"},
    "identity.claims.?other.hasValue()": False,
}

NOT_TOLD = [
    "identity.claims.nothing", "identity.claims.other", "identity.subject", "request.headers.other", "1.0 / 0.0",
    "identity.claims.level / 0", "'a\\x00b'", "['a\\x00b']", "{'a\\x00': 1}", "18446744073709551615u", "dyn(b'a')",
    "dyn(now - now)", "type(identity.claims.team) == string ? dyn(type(1)) : 'a'", "{dyn(1): 2}",
    "dyn(identity.claims.?a)",
    "identity.claims.level.matches('3')", "[0.0 / 0.0]", "[identity.claims.level, identity.claims.team.other]",
]  # fmt: skip

REFUSED: dict[tuple[str, type | None], str] = {
    ("b'a'", None): "1:1: bytes are no text",
    ("[b'a']", None): "1:1: bytes are no text",
    ("now - now", None): "1:5: a duration is no JSON; write string",
    ("{1: 2}", None): "1:1: the names of a map's members have to be texts",
    ("identity.claims.?team", None): r"1:16: this may be there or not; write .orValue",
    ("null", None): "1:1: this is always null",
    ("type(1)", None): "this has no JSON",
    ("true", str): "1:1: this is true or false, and a text is wanted; write string",
    ("size(identity.claims.team)", str): "1:5: this is a whole number, and a text is wanted; write string",
    ("identity.scopes", str): "this is a list, and a text is wanted",
    ("identity.subject", bool): "this is a text, and true or false is wanted; write a comparison",
    ("1.5", int): "this is a double, and a whole number is wanted; write int",
    ("[1]", dict): "this is a list, and a map is wanted",
    ("identity.claims.x.map(a, a)", None): "a list is built here",
    ("identity.claim.team", None): "did you mean 'identity.claims.team'",
    ("request.headers.?Team.orValue('a')", None): "write 'team'",
    ("request.headers.?team", None): "this may be there or not",
    ("optional.of(1).orValue(2)", None): r"optional.of\(\) is not available",
    ("'" + "a" * 5000 + "'", None): "5002 characters, at most 4096",
    ("request.path.replace('', '" + "a" * 3000 + "')", None): "may take [0-9]+ ms",
}


@pytest.mark.parametrize(("text", "value"), TOLD.items())
def test_told(text: str, value: object) -> None:
    """A value is what the expression comes to, with Python's types."""
    found = compile_value(text)(GIVEN)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_not_told(text: str) -> None:
    """What is an error, null or nothing that JSON has cannot be told."""
    assert compile_value(text)(GIVEN) is None


@pytest.mark.parametrize(("given", "problem"), REFUSED.items())
def test_refused(given: tuple[str, type | None], problem: str) -> None:
    """What can be known not to fit is refused at load, with the place."""
    with pytest.raises(CelError, match=problem):
        compile_value(*given)


@pytest.mark.parametrize("expected", [str, bool, int, float, list, dict])
def test_another_type_than_expected(expected: type) -> None:
    """A claim may be anything; what it turns out to be has to be what is expected: true is no number."""
    members = {str: "a", bool: True, int: 1, float: 1.5, list: [1], dict: {"a": 1}}
    value = compile_value("identity.claims.a", expected)
    told = {kind for kind, one in members.items() if value({"identity.claims": {"a": one}}) is not None}
    assert told == {expected}


def test_a_time_is_a_text() -> None:
    """It fits where a text is expected."""
    assert compile_value("now", str)({"now": 0}) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("claim", ["a" * 16380, ["a" * 1000] * 17, [0] * 3000, {"a" * 16380: 1}])
def test_too_large(claim: object) -> None:
    """A value that is larger than all of them may be cannot be told."""
    assert compile_value("identity.claims.a")({"identity.claims": {"a": claim}}) is None


def test_too_deep() -> None:
    """A value is nested no deeper than JSON from outside may be."""
    deep: list[Any] = []
    for _ in range(15):
        deep = [deep]
    value = compile_value("identity.claims.a")
    assert value({"identity.claims": {"a": deep}}) == deep
    assert value({"identity.claims": {"a": [deep]}}) is None


def test_what_it_looks_at() -> None:
    """A value says what it reads, as a condition does."""
    value = compile_value("identity.claims.?team.orValue(request.headers['x-team'])")
    assert value.looks is Looks.REQUEST
    assert (value.headers, value.claims) == (frozenset({"x-team"}), frozenset({"team"}))
    assert value.variables == {"identity.claims", "request.headers"}
    assert compile_value("request.path + request.method").looks is Looks.ENDPOINT
    assert compile_value("identity.claims[?'a'].orValue('')").looks is Looks.IDENTITY
    assert compile_value("identity.claims").claims is None


def test_equal_by_text_and_type() -> None:
    """Values of one text and one type are equal and have one digest; others do not."""
    one, same, other = compile_value("( 'a' ) // c"), compile_value("'a'"), compile_value("'a'", str)
    assert one == same != other
    assert digest_of(one, b"test") == digest_of(same, b"test") != digest_of(other, b"test")
    with pytest.raises(TypeError, match="compile them from their text"):
        pickle.dumps(one)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@given(JSON)
def test_claims_come_out_as_they_went_in(claim: object) -> None:
    """Any JSON that can be told is the same behind the library."""
    found = compile_value("[identity.claims.a]")({"identity.claims": {"a": claim}})
    assert json.dumps(found, sort_keys=True) == json.dumps([claim], sort_keys=True)


@given(st.recursive(JSON | st.just(math.inf) | st.just("\0") | st.just("\udc80") | st.integers(), st.lists))
def test_nothing_is_raised(claim: object) -> None:
    """Whatever it is given, a value comes to JSON, or cannot be told."""
    json.dumps(compile_value("identity.claims.a")({"identity.claims": {"a": claim}}), allow_nan=False)


NULLS = r"""
import sys
from sidecar.cel import compile_terms, compile_value
texts = ["identity.claims.a", "identity.claims", "[null, identity.claims.a]",
    "(true ? identity.claims.a : identity.claims.b)"]
terms = ["(true ? identity.claims.a : identity.claims.b).matches('a')", "identity.claims.a == true",
    "[true][?7].orValue(identity.claims.a) == true", "(identity.claims.a ? true : false)"]
run = [compile_value(text) for text in texts] + [one for text in terms for one in compile_terms(text)]
for _ in range(4_000):
    for one in run:
        one({'identity.claims': {'a': None}})
print('alive')
"""


def test_nulls_do_no_harm() -> None:
    """The library takes one reference to None too many for each null it hands over, which ends the process at last."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", NULLS], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.stdout.strip() == "alive"
