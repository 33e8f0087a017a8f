"""What hooks return is looked at before it is believed."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.field_value import UnsafeValueError, field_text
from sidecar.core.hooked import HookResult
from sidecar.hooking.saying import Limits, WrongAnswerError, failed, joined, said
from sidecar.hooks import Decision, add, allow, deny
from sidecar.hooks.decision import Kind
from support.hooks import saying

_LIMITS = Limits(frozenset({"x-tenant", "x-plan"}), 64)


def test_none_is_nothing() -> None:
    """Whoever returns None goes on."""
    assert said("a:a", None, _LIMITS).result is HookResult.NOTHING


@pytest.mark.parametrize(
    "returned", [True, False, 0, "allow", {}, {"kind": "allow"}, Kind.ALLOW, Decision, object(), ()]
)
def test_what_is_no_decision(returned: object) -> None:
    """Nothing else is, however true it is."""
    with pytest.raises(WrongAnswerError):
        said("a:a", returned, _LIMITS)


def test_one_that_was_tampered_with() -> None:
    """A decision whose fields were put there by force is held to the same."""
    for name, value in (("status", 200), ("status", True), ("status", "403"), ("reason", None), ("kind", "deny")):
        decision = deny("why")
        object.__setattr__(decision, name, value)
        with pytest.raises(WrongAnswerError):
            said("a:a", decision, _LIMITS)


def test_one_that_only_looks_like_it() -> None:
    """What has the name and the fields of a decision is none."""
    made = type("Decision", (), {"kind": Kind.ALLOW, "headers": {}, "metadata": {}})()
    with pytest.raises(WrongAnswerError):
        said("a:a", made, _LIMITS)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-other": "1"},
        {"x-tenant": ""},
        {"x-tenant": " a"},
        {"x-tenant": "a\r\nset-cookie: b"},
        {"x-tenant": "a\nb"},
        {"x-tenant": "a\x00"},
        {"x-tenant": "a\u2028b"},
        {"x-tenant": "\ud800"},
        {"x-tenant": "x" * 65},
        {"x-tenant": 1},
        {"x-tenant": b"a"},
        {1: "a"},
        {"x-tenant\r\nx-plan": "a"},
        {"x-tenant ": "a"},
        {"X-Tenant": "a", "x-tenant": "b"},
        {"x-tenanT\u212a": "a"},
        {f"x-{number}": "a" for number in range(17)},
    ],
)
def test_headers_that_are_none(headers: Any) -> None:  # noqa: ANN401 - anything
    """Undeclared ones, and names and values that no header has."""
    for make in (add, allow):
        with pytest.raises(WrongAnswerError):
            said("a:a", make(headers=headers), _LIMITS)


@given(st.text(max_size=80))
def test_values_of_headers(value: str) -> None:
    """A value goes out as it is or not at all, and never with a line's end."""
    try:
        found = said("a:a", add({"X-Tenant": value}), _LIMITS).headers
    except WrongAnswerError:
        with suppress(UnsafeValueError):
            assert not field_text(value, 64)
    else:
        assert found == (("x-tenant", value),)
        assert value.isprintable()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), _JSON, max_size=3))
def test_metadata(given: Mapping[str, Any]) -> None:
    """JSON comes out as it went in, large integers as text; or it is refused."""
    try:
        found = said("a:a", add(metadata=given), _LIMITS).metadata
    except WrongAnswerError:
        return
    assert (json.loads(found) if found else {}) == _exact(given)


def _exact(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exact(member) for member in value]
    return str(value) if isinstance(value, int) and abs(value) >= 2**53 else value


def _deep(levels: int) -> object:
    return {"a": _deep(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    "metadata",
    [
        *({"a": value} for value in ({1, 2}, b"", float("nan"), object(), "x" * 5000, _deep(12), "\udc80")),
        {1: 2},
    ],
)
def test_metadata_that_are_none(metadata: Any) -> None:  # noqa: ANN401 - anything
    """What is no JSON, too deep or too long is refused."""
    with pytest.raises(WrongAnswerError):
        said("a:a", add(metadata=metadata), _LIMITS)


def test_texts_are_printable() -> None:
    """Reason and message go into logs and JSON as one short line."""
    found = said("a:a", deny("a\r\nb" + "c" * 500, message="\x1b[31mred"), _LIMITS)
    assert (found.detail[:4], len(found.detail)) == ("a��b", 256)
    assert found.message == "�[31mred"


def test_answers_to_several_readings() -> None:
    """Any reading of the path denies, and what differs otherwise fails."""
    one = saying("a:a", HookResult.ALLOW)
    assert joined([one, one]) == one
    assert joined([one, saying("a:a")]) == saying("a:a")
    more = saying("a:a", HookResult.ADD, headers=(("x-tenant", "a"),))
    assert joined([more, more]) == more
    for other in (saying("a:a"), one, more._replace(headers=(("x-tenant", "b"),))):
        assert joined([more, other]).result is HookResult.FAILED
    denies = saying("a:a", HookResult.DENY)
    assert joined([one, denies]) == denies
    assert joined([one, failed("a:a", "x")]).result is HookResult.FAILED
