"""A member of the body that is spelt in other letters than an expression names it in: it cannot be told."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import event, given, reject
from hypothesis import strategies as st

from sidecar.cel import compile_terms, compile_value, join
from sidecar.cel.given import BY_NAME
from sidecar.core.strict_json import JsonError, loads_uncased_object

#: Expressions, a body in which they find what they name, and bodies in which some reader finds it too.
NAMING = [
    ("has(request.body.admin)", {"admin": 1}, [{"Admin": 1}, {"ADMIN": None}, {"admin\0": 1}, {"Admin\0x": 1}]),
    ("'kind' in request.body", {"kind": 1}, [{"Kind": 1}, {"\u212aind": 1}]),
    ("has(request.body['user'].admin)", {"user": {"admin": 1}}, [{"user": {"Admin": 1}}, {"User": {"admin": 1}}]),
    ("request.body.?admin.orValue(false) == true", {"admin": True}, [{"Admin": True}]),
    ("request.body.?user.?admin.hasValue()", {"user": {"admin": 1}}, [{"User": {"admin": 1}}, {"user": {"Admin": 1}}]),
    ("request.body[?'admin'].orValue(0) == 1", {"admin": 1}, [{"Admin": 1}]),
    ("request.body.?user.orValue({}).?admin.orValue(0) == 1", {"user": {"admin": 1}}, [{"user": {"ADMIN": 1}}]),
    ("request.body.items.exists(i, has(i.admin))", {"items": [{}, {"admin": 1}]}, [{"items": [{}, {"Admin": 1}]}]),
    (
        "request.body.items.exists(i, i.parts.exists(i, has(i.admin)))",
        {"items": [{"parts": [{"admin": 1}]}]},
        [{"items": [{"parts": [{"aDmin": 1}]}]}, {"items": [{"Parts": [{"admin": 1}]}]}],
    ),
    ("has(request.body.items[0].admin)", {"items": [{"admin": 1}]}, [{"items": [{"Admin": 1}]}]),
    (
        "has((request.method == 'GET' ? request.body.a : request.body.b).admin)",
        {"a": {"admin": 1}, "b": {"admin": 1}},
        [{"a": {"Admin": 1}, "b": {"Admin": 1}}],
    ),
    (
        "request.body.?a.or(request.body.?b).orValue({}).?admin.orValue(0) == 1",
        {"b": {"admin": 1}},
        [{"b": {"Admin": 1}}, {"B": {"admin": 1}}],
    ),
    ("has(request.body.admin) || request.method == 'PUT'", {"admin": 1}, [{"Admin": 1}]),
]


def told(expression: str, body: Mapping[str, object]) -> bool | None:
    """Evaluate a term alone, and beside another one, which must come to the same."""
    values = {"request.body": body, "request.method": "GET"}
    (term,) = compile_terms(expression)
    (other,) = compile_terms("size(identity.scopes) + 1 == 1")
    together = join([term, other], BY_NAME)({**values, "identity.scopes": []})
    answer = term(values)
    assert together is answer
    return answer


@pytest.mark.parametrize(("expression", "written", "others"), NAMING)
def test_other_spellings(expression: str, written: Mapping[str, object], others: list[Mapping[str, object]]) -> None:
    """What is there as it is named is found; what some reader takes for it cannot be told."""
    assert told(expression, written) is True
    for body in others:
        assert told(expression, body) is None


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("has(request.body.admin)", {}),
        ("has(request.body.admin)", {"administrator": 1, "user": {"Admin": 1}}),
        ("has(request.body.user.admin)", {"user": {}, "Admin": 1}),
        ("'Admin' in request.body.roles", {"roles": ["admin"]}),
        ("request.body.exists(name, name == 'admin')", {"Admin": 1}),
        ("request.body.items.exists(i, has(i.admin))", {"items": ["Admin", {"user": {"Admin": 1}}][1:]}),
        ("has(identity.claims.x.admin) || has(request.body.admin)", {"x": {"Admin": 1}}),
    ],
)
def test_what_is_not_named_there(expression: str, body: Mapping[str, object]) -> None:
    """Members of that name elsewhere in the body, and texts that are no names, change nothing."""
    (term,) = compile_terms(expression)
    assert term({"request.body": body, "identity.claims": {"x": {}}}) is False


def test_claims() -> None:
    """Claims are for nobody but us to read: their names are as they are written."""
    (term,) = compile_terms("has(identity.claims.admin)")
    assert term({"identity.claims": {"Admin": True}}) is False


def test_values() -> None:
    """A value of a header or of metadata cannot be told either."""
    value = compile_value("request.body.?tenant.orValue('none')")
    assert value({"request.body": {"other": 1}}) == "none"
    assert value({"request.body": {"Tenant": "a"}}) is None


_NAMES = st.sampled_from(["a", "A", "b", "B", "a\0"])
_JSON = st.recursive(
    st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=6,
)


def _finds(value: object, path: tuple[str, ...]) -> bool:
    """Say whether a reader that heeds no case finds what is at ``path``."""
    if not path:
        return True
    if not isinstance(value, dict):
        return False
    alike = [one for name, one in value.items() if name.partition("\0")[0].lower() == path[0]]
    return any(_finds(one, path[1:]) for one in alike)


@given(st.dictionaries(_NAMES, _JSON, max_size=3), st.lists(st.sampled_from("ab"), min_size=1, max_size=3))
def test_whatever_some_reader_finds(body: dict[str, object], path: list[str]) -> None:
    """What any reader finds in a body is never said not to be there."""
    try:
        loads_uncased_object(json.dumps(body).encode())
    except JsonError:
        reject()  # refused before anybody asks
    expression = f"has(request.body.{'.'.join(path)})"
    (term,) = compile_terms(expression)
    found = _finds(body, tuple(path))
    event(f"found: {found}")
    assert (term({"request.body": body}) is not False) or not found
