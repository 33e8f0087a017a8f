"""``from`` and ``when``: who the token speaks for, and what else must be so."""

from typing import Any

import pytest

from sidecar.cel import compile_terms
from sidecar.core.decision import Permit
from sidecar.core.policy.commas import needs_runs
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.tokens import ABSENT, AUDIENCE, ISSUER
from support.trusts import policy_set


def _allows(rule: dict[str, Any], headers: dict[str, str] | None = None, **claims: object) -> bool:
    policies = policy_set([{"name": "p", "action": "allow", "rules": [rule]}])
    return isinstance(evaluate(policies, request(headers=headers or {}), identity(**claims)), Permit)


def _when(key: str, **fields: list[str]) -> dict[str, Any]:
    return {"when": [{"key": key, **fields}]}


def _claim(name: str, *values: str) -> dict[str, Any]:
    return _when(f"request.auth.claims[{name}]", values=list(values))


@pytest.mark.parametrize(
    ("source", "subject", "allowed"),
    [
        ({"requestPrincipals": [f"{ISSUER}/alice"]}, "alice", True),
        ({"requestPrincipals": [f"{ISSUER}/alice"]}, "bob", False),
        ({"requestPrincipals": [f"{ISSUER}/alice"]}, "alice2", False),
        ({"requestPrincipals": [f"{ISSUER}/*"]}, "bob", True),
        ({"requestPrincipals": ["*/bob"]}, "bob", True),
        ({"requestPrincipals": ["*"]}, "bob", True),
        ({"requestPrincipals": ["*"]}, ABSENT, False),
        ({"notRequestPrincipals": [f"{ISSUER}/bob"]}, "bob", False),
        ({"notRequestPrincipals": [f"{ISSUER}/bob"]}, "alice", True),
        ({"notRequestPrincipals": ["*"]}, ABSENT, True),
    ],
)
def test_principals(source: dict[str, list[str]], subject: object, allowed: bool) -> None:  # noqa: FBT001 - a table
    """A source matches the token's issuer and subject; a token without subject has no principal."""
    assert _allows({"from": [{"source": source}]}, sub=subject) is allowed


@pytest.mark.parametrize(
    ("rule", "claims", "allowed"),
    [
        (_claim("group", "a"), {"group": "a"}, True),
        (_claim("group", "a"), {"group": ["b", "a"]}, True),
        (_claim("group", "a", "b"), {"group": "b"}, True),
        (_claim("group", "a*"), {"group": "abc"}, True),
        (_claim("group", "*c"), {"group": ["abc"]}, True),
        (_claim("group", "a"), {"group": "A"}, False),
        (_claim("group", "a"), {"group": "a b"}, False),
        (_claim("group", "a"), {"group": "b"}, False),
        (_claim("group", "a"), {"group": []}, False),
        (_claim("group", "a"), {"group": [["a"]]}, False),
        (_claim("group", "a"), {"group": {"a": "a"}}, False),
        (_claim("group", "a"), {"group": None}, False),
        (_claim("group", "a"), {}, False),
        (_claim("group", "*"), {"group": ""}, False),
        (_claim("group", "*"), {"group": {}}, False),
        (_when("request.auth.claims[group]", notValues=["*"]), {"group": ""}, False),
        (_when("request.auth.claims[group]", notValues=["*"]), {"group": {}}, False),
        (_when("request.auth.claims[group]", notValues=["*"]), {}, True),
        (_claim("group", "*"), {"group": "x"}, True),
        (_claim("group", "*"), {}, False),
        (_claim("email_verified", "true"), {"email_verified": True}, True),
        (_claim("email_verified", "true"), {"email_verified": False}, False),
        (_claim("email_verified", "1"), {"email_verified": True}, False),
        (_claim("level", "3"), {"level": 3}, True),
        (_claim("level", "3"), {"level": 3.0}, False),
        (_claim("a][b", "x"), {"a": {"b": "x"}}, True),
        (_claim("a][b", "x"), {"a": {"b": ["y", "x"]}}, True),
        (_claim("a][b", "x"), {"a": [{"b": "x"}]}, False),
        (_claim("a][b", "x"), {"a": "x"}, False),
        (_claim("a][b", "x"), {"a": {"c": "x"}}, False),
        (_claim("a][b", "x"), {"b": "x"}, False),
        (_claim("https://x.example/roles", "r"), {"https://x.example/roles": ["r"]}, True),
        (_when("request.auth.claims[group]", notValues=["a"]), {"group": "b"}, True),
        (_when("request.auth.claims[group]", notValues=["a"]), {}, True),
        (_when("request.auth.claims[group]", notValues=["a"]), {"group": ["b", "a"]}, False),
        (_when("request.auth.claims[group]", values=["a*"], notValues=["ab"]), {"group": ["ac", "ab"]}, False),
        (_when("request.auth.claims[group]", values=["a*"], notValues=["ab"]), {"group": ["ac"]}, True),
        (_when("request.auth.principal", values=[f"{ISSUER}/alice"]), {}, True),
        (_when("request.auth.principal", values=["*"]), {"sub": ABSENT}, False),
        (_when("request.auth.audiences", values=[AUDIENCE]), {"aud": ["x", AUDIENCE]}, True),
        (_when("request.auth.audiences", notValues=["x"]), {"aud": ["x", AUDIENCE]}, False),
        (_when("request.auth.presenter", values=["web"]), {"azp": "web"}, True),
        (_when("request.auth.presenter", values=["web"]), {}, False),
    ],
)
def test_token_conditions(rule: dict[str, Any], claims: dict[str, Any], allowed: bool) -> None:  # noqa: FBT001 - a table
    """A condition holds if one of the values matches, and none matches ``notValues``; no value matches nothing."""
    assert _allows(rule, **claims) is allowed


@pytest.mark.parametrize(
    ("rule", "headers", "allowed"),
    [
        (_when("request.headers[X-Team]", values=["a"]), {"x-team": "a"}, True),
        (_when("request.headers[x-team]", values=["a"]), {"x-team": "a"}, True),
        (_when("request.headers[x-team]", values=["a"]), {"x-team": "a,b"}, False),
        (_when("request.headers[x-team]", values=["a"]), {}, False),
        (_when("request.headers[x-team]", values=["*"]), {"x-team": ""}, False),
        (_when("request.headers[x-team]", notValues=["*"]), {"x-team": ""}, False),
        (_when("request.headers[x-team]", notValues=["a"]), {"x-team": "a"}, False),
        (_when("request.headers[x-team]", notValues=["a"]), {}, True),
        (_when("request.headers[x-team]", notValues=["*"]), {"x-team": "b"}, False),
    ],
)
def test_header_conditions(rule: dict[str, Any], headers: dict[str, str], allowed: bool) -> None:  # noqa: FBT001 - a table
    """A header is one value, by its name in any case."""
    assert _allows(rule, headers) is allowed


@pytest.mark.parametrize("pattern", ["a*", "*a", "*", "a"])
def test_bytes_that_are_not_utf_8_match_no_pattern(pattern: str) -> None:
    """A header with bytes that are not UTF-8 matches no pattern, as ``Request`` promises."""
    rule = _when("request.headers[x-team]", values=[pattern])
    policies = policy_set([{"name": "p", "action": "allow", "rules": [rule]}])
    asked = request(header_map=[("x-team", b"a\xffa")])
    assert not isinstance(evaluate(policies, asked, identity()), Permit)


@pytest.mark.parametrize(
    "term",
    [
        "h.matches('^a.b$')",
        "h.matches('^a[^x]b$')",
        "h.matches('^a[+-/]b$')",
        "h.matches(r'^a\\Wb$')",
        "h.matches('^a\\\\x2cb$')",
        "h == identity.claims.team",
        "h == request.headers['x-other']",
        "size(h) == 3",
        "h.size() == 3",
        "h > 'a+' && h < 'a-'",
        "h.charAt(1) != 'x' && h.substring(2) == 'b'",
        "h.replace('c', 'd') == 'a' + string(identity.claims.comma) + 'b'",
    ],
)
def test_copies_with_a_comma_are_told_by_whatever_may_tell_them(term: str) -> None:
    """A deny rule that holds for one copy of a header is not got round by a second one."""
    when = {"cel": term.replace("h.", "request.headers['x-team'].").replace("h ", "request.headers['x-team'] ")}
    when = {"cel": when["cel"].replace("size(h)", "size(request.headers['x-team'])")}
    policies = policy_set(
        [
            {"name": "p", "action": "deny", "rules": [{"when": [when]}]},
            {"name": "all", "action": "allow", "rules": [{}]},
        ]
    )
    somebody = identity(team="a,b", comma=",")
    for value, allowed in {"a,b": False, "a,b,c": False, "c,a,b": False, "qqqq": True}.items():
        asked = request(headers={"x-team": value, "x-other": "a,b" if not allowed else "r"})
        assert isinstance(evaluate(policies, asked, somebody), Permit) is allowed, value


@pytest.mark.parametrize(
    "term",
    [
        "request.headers['x-team'] == 'a'",
        "request.headers['x-team'].startsWith('a') || request.headers['x-team'] != 'b'",
        "request.headers['x-team'].matches('^[a-z]+$')",
        "request.headers['x-team'].matches(r'^v[0-9]+\\.[0-9]*(alpha|beta)?$')",
        "!has(request.headers.accept) || request.headers.accept.contains('text/html')",
    ],
)
def test_plain_terms_look_at_the_parts_alone(term: str) -> None:
    """What cannot tell a value with commas from its parts takes a header with many of them."""
    (found,) = compile_terms(term)
    assert not needs_runs(found)


@pytest.mark.parametrize("comma", [",", r"\x2c", r"\X2C", r"\u002c", r"\U0000002C", r"\054"])
@pytest.mark.parametrize(("action", "denied"), [("deny", "=="), ("allow", "!=")])
def test_copies_with_a_comma_of_their_own(comma: str, action: str, denied: str) -> None:
    """A header that was sent twice may be read as its first copy, however the comma in that is written in CEL."""
    term = {"cel": f"request.headers['x-team'] {denied} 'a{comma}b'"}
    policies = [{"name": "p", "action": action, "rules": [{"when": [term]}]}]
    policies += [{"name": "all", "action": "allow", "rules": [{}]}] if action == "deny" else []
    for value, allowed in {"a,b": False, "a,b,c": False, "c,a,b": False, "a,c": True, "c": True}.items():
        decision = evaluate(policy_set(policies), request(headers={"x-team": value}), identity())
        assert isinstance(decision, Permit) is allowed
