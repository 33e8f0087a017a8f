"""What allow policies do to the requests that they let in."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.path import PathMode
from sidecar.core.reason import Reason
from sidecar.core.spelling import folded, parameter, parameters
from sidecar.engine.local_cache import LocalCache
from sidecar.protos.ext_authz import CheckResponse
from support.answers import Answer, read_answer
from support.checks import begin, decide, finish
from support.effects import allowing, trust_of
from support.requests import check_request, with_token
from support.tokens import NOW, claims, forge_payload, mint

_TEAM = {"cel": "identity.claims.team"}


def _ask(trust: Any, path: str = "/orders", headers: dict[str, str] | None = None, **token: Any) -> Answer:  # noqa: ANN401
    return decide(with_token(forge_payload(claims(**token)), path=path, headers=headers or {}), trust)


def _message(trust: Any, path: str = "/orders", headers: dict[str, str] | None = None, **token: Any) -> Any:  # noqa: ANN401
    raw = with_token(forge_payload(claims(**token)), path=path, headers=headers or {})
    return CheckResponse.FromString(finish(begin(raw, trust)).response).ok_response


def test_header_is_set_in_place_of_the_clients() -> None:
    """A value of the token replaces what the client sent."""
    answer = _ask(allowing({"upstream": {"set": {"x-team": _TEAM}}}), headers={"x-team": "red"}, team="blue")
    assert answer.header("x-team") == "blue"
    assert "x-team" not in answer.removed


@pytest.mark.parametrize("path", ["/plain", "/public"])
@pytest.mark.parametrize("name", ["x-team", "x_team", "x.team"])
def test_what_one_policy_sets_no_client_sends(path: str, name: str) -> None:
    """Another policy, and a public operation, remove the header, however it is spelt."""
    trust = allowing({"upstream": {"set": {"x-team": _TEAM}}})
    answer = _ask(trust, path, headers={name: "red"}, team="blue")
    assert answer.allowed
    assert name in answer.removed
    assert answer.header("x-team") is None


def test_preflight_removes_it_too() -> None:
    """A CORS preflight, which no policy lets in, does as well."""
    trust = allowing({"upstream": {"set": {"x-team": "a"}}}, cors_preflight=[{"paths": ["/*"]}])
    headers = {"origin": "https://x.example", "access-control-request-method": "PUT", "x-team": "red"}
    answer = decide(check_request(method="OPTIONS", headers=headers), trust)
    assert (answer.reason, "x-team" in answer.removed) == ("cors_preflight", True)


def test_empty_value_removes() -> None:
    """A value without text is none: the client's header goes all the same."""
    answer = _ask(allowing({"upstream": {"set": {"x-team": _TEAM}}}), headers={"x-team": "red"}, team="")
    assert answer.header("x-team") is None
    assert "x-team" in answer.removed


def test_append() -> None:
    """What is appended goes behind the client's, which Envoy does where there is one, or alone."""
    trust = allowing({"upstream": {"append": {"x-tag": "a"}}})
    there, not_there = _message(trust, headers={"x-tag": "c"}).headers, _message(trust).headers
    (option,) = [one for one in there if one.header.key == "x-tag"]
    assert (option.header.value, option.append.value) == ("a", True)
    (option,) = [one for one in not_there if one.header.key == "x-tag"]
    assert (option.header.value, option.HasField("append")) == ("a", False)


def test_remove_takes_look_alikes_off() -> None:
    """What one policy removes passes in no other spelling either."""
    answer = _ask(allowing({"upstream": {"remove": ["x-debug"]}}), headers={"x_debug": "1"})
    assert {"x-debug", "x_debug"} <= set(answer.removed)


def test_client_headers() -> None:
    """Headers for the client are set, or appended to those of the upstream."""
    added = _message(allowing({"client": {"set": {"x-a": "1"}, "append": {"vary": _TEAM}}}), team="b")
    found = [(one.header.key, one.header.value, one.append_action) for one in added.response_headers_to_add]
    assert found == [("x-a", "1", 2), ("vary", "b", 0)]


def test_metadata_of_any_type() -> None:
    """Metadata has values of any type, integers that a Struct would change as texts."""
    values = {"n": "1 + 1", "big": "9007199254740993", "on": "true", "l": "[1, 'a']", "m": "{'a': {'b': 2.5}}"}
    answer = _ask(allowing({"metadata": {name: {"cel": text} for name, text in values.items()} | {"text": "x"}}))
    assert answer.metadata["policy_metadata"] == {
        "n": 2,
        "big": "9007199254740993",
        "on": True,
        "l": [1, "a"],
        "m": {"a": {"b": 2.5}},
        "text": "x",
    }


@pytest.mark.parametrize(
    "team",
    [
        *("a\nx-admin: 1", "a\r\n\r\n", "\u2028", " a", "a ", "a\tb", "\x7f", "b\u0000", "a\u3164", "x" * 5000),
        *(["a", "b,c"], ["a", " b"], [""], None),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        {"upstream": {"set": {"x-t": _TEAM}}},
        {"upstream": {"append": {"x-t": _TEAM}}},
        {"client": {"set": {"x-t": _TEAM}}},
    ],
)
def test_value_that_no_header_carries(team: object, place: dict[str, Any]) -> None:
    """A value that a header would not carry as it is denies the request."""
    assert _ask(allowing(place), team=team).reason == "effect_failed"


@pytest.mark.parametrize(
    ("team", "text"), [(["a", "b"], "a,b"), (7, "7"), (True, "true"), ({"a": 1}, '{"a":1}'), ("Zoë", "Zoë"), ([], "[]")]
)
def test_texts_of_values(team: object, text: str) -> None:
    """Lists of texts are joined by commas, all else that is no text is as in JSON; an empty list has no text."""
    found = _ask(allowing({"upstream": {"set": {"x-t": _TEAM}}}), team=team).header("x-t")
    assert found == (None if team == [] else text)


@pytest.mark.parametrize(
    "allowed",
    [
        *(
            {"upstream": {"set": {"x-t": _TEAM}}},
            {"client": {"append": {"x-t": _TEAM}}},
            {"query": {"set": {"t": _TEAM}}},
        ),
        {"metadata": {"t": _TEAM}},
    ],
)
def test_what_cannot_be_told_denies(allowed: dict[str, Any]) -> None:
    """A claim that is missing denies, and the client learns neither which nor why."""
    trust = allowing(allowed)
    decided = finish(begin(with_token(mint()), trust))
    assert decided.decision.reason.value == "effect_failed"
    assert "cannot be told" in getattr(decided.decision, "detail", "")
    assert b"x-t" not in decided.response
    assert b'cannot be told"' in decided.response


def test_too_much_metadata_denies() -> None:
    """The metadata of one policy are bounded together."""
    trust = allowing({"metadata": {f"m{n}": {"cel": "identity.claims.t"} for n in range(5)}})
    assert _ask(trust, t="x" * 1000).allowed
    assert _ask(trust, t="x" * 4000).reason == "effect_failed"


def test_query_is_set_and_removed() -> None:
    """What is set is not removed, since Envoy removes after it sets; what another policy sets is."""
    trust = allowing({"query": {"set": {"tenant": _TEAM}, "remove": ["debug"]}})
    message = _message(trust, "/orders?tenant=x&debug&a=1", team="a b&c=d/ü")
    assert [(one.key, one.value) for one in message.query_parameters_to_set] == [("tenant", "a%20b%26c%3Dd%2F%C3%BC")]
    assert list(message.query_parameters_to_remove) == ["debug"]
    assert _ask(trust, "/orders?a=1", team="x").parameters == ()
    assert _ask(trust, "/plain?tenant=x&debug").parameters == ("tenant",)
    assert decide(check_request(path="/public?tenant=x"), trust).parameters == ("tenant",)


@pytest.mark.parametrize(
    "query",
    [
        *("%74enant=x", "Tenant=x", "a=1;tenant=x", "tenant[]=x", "tenant%00=x", "?tenant=x", "a&TENANT", "+tenant=x"),
        *("tenant=x&tenan%74=y", "tenant;a=1", "%u0074enant=x", "tenant%5B%5D=1", "z=1&?tenant=x", "z&?%74enant"),
    ],
)
@pytest.mark.parametrize("path", ["/orders", "/plain", "/public"])
def test_query_in_another_spelling(path: str, query: str) -> None:
    """A parameter that a policy sets, in a spelling that Envoy would leave, is refused everywhere."""
    trust = allowing({"query": {"set": {"tenant": "acme"}}})
    assert decide(with_token(mint(), path=f"{path}?{query}"), trust).reason == "query_not_normal"


@pytest.mark.parametrize("name", ["a.b", "a_b"])
def test_names_that_php_takes_for_each_other(name: str) -> None:
    """A dot is an underscore to PHP, and so is a bracket that is never closed; Envoy would leave them."""
    trust = allowing({"query": {"set": {name: "x"}}})
    for query in ("a_b=y", "a.b=y", "a+b=y", "a%20b=y", "a[b=y", "A%5fb=y", "a%2Eb=y"):
        answer = decide(with_token(mint(), path=f"/plain?{query}"), trust)
        assert (answer.reason, answer.parameters) in {("query_not_normal", ()), ("allowed", (name,))}
        assert answer.allowed is (query == f"{name}=y")


@pytest.mark.parametrize("query", ["tenants=x", "a=tenant", "xtenant=1", "a=1&b=tenant=x", ""])
def test_other_parameters_pass(query: str) -> None:
    """Parameters of other names are not touched."""
    trust = allowing({"query": {"set": {"tenant": "acme"}}})
    answer = decide(with_token(mint(), path=f"/plain?{query}"), trust)
    assert (answer.allowed, answer.parameters) == (True, ())


@pytest.mark.parametrize("separator", ["&", ";", "&[", "&%5B", "&+"])
def test_too_many_parameters(separator: str) -> None:
    """More parameters than anybody looks at are refused, before they are looked at."""
    names = {f"p{number}": "a" for number in range(32)}
    trust = allowing({"query": {"set": names}})
    assert decide(with_token(mint(), path=f"/plain?{separator * 1023}"), trust).allowed
    assert decide(with_token(mint(), path=f"/plain?{separator * 1024}"), trust).reason == "query_not_normal"


@given(
    st.lists(st.text("ab._", min_size=1, max_size=4).map(lambda text: f"a{text}"), min_size=1, unique_by=folded),
    st.text("aAbB._&;=[]+%2061eE?", max_size=30),
)
def test_all_names_at_once_or_each(names: list[str], query: str) -> None:
    """Looking for all names at once finds what looking for each of them finds."""
    wanted = tuple(sorted(names))
    found = {wanted[(one.lastindex or 0) - 2] for one in parameters(wanted).finditer(query)}
    assert found == {name for name in wanted if parameter(name).search(query)}


@pytest.mark.parametrize("name", ["public_path", "allowed", "cors_preflight"])
def test_policy_named_like_a_reason(name: str) -> None:
    """An answer that is kept for a policy is none for a public path, whatever the policy is called."""
    policy = {"name": name, "action": "allow", "allowed": {"upstream": {"set": {"x-a": "b"}}}, "rules": [{}]}
    trust = trust_of(policies=[policy], public=[{"paths": ["/public"]}])
    checker = Checker(lambda: trust, recent=LocalCache(10))
    for path, value in (("/", "b"), ("/public", None), ("/", "b"), ("/public", None)):
        answer = read_answer(finish(checker.begin(with_token(mint(), path=path), NOW)).response)
        assert answer.header("x-a") == value


def test_global_dry_run() -> None:
    """What would be denied passes without effects; no client sends what a policy sets, in any spelling."""
    deny = {
        "name": "no",
        "action": "deny",
        "denied": {"status": 404},
        "rules": [{"to": [{"operation": {"paths": ["/no"]}}]}],
    }
    allowed = {"upstream": {"set": {"x-team": _TEAM}}, "query": {"set": {"tenant": "acme"}}}
    policies = [deny, {"name": "yes", "action": "allow", "allowed": allowed, "rules": [{}]}]
    trust = trust_of(dry_run=True, policies=policies, response={"unauthenticated": {"status": 404}})
    passing = (
        with_token(mint(claims(team="a")), path="/no?tenant=x", headers={"x-team": "evil"}),
        check_request(path="/?tenant=x", headers={"x-team": "evil"}),
        with_token(mint(), path="/?tenant=x", headers={"x-team": "evil"}),
        with_token("a.b.c", path="//?tenant=x", headers={"x-team": "evil"}),
    )
    for raw in passing:
        answer = decide(raw, trust)
        assert (answer.allowed, answer.reason, answer.parameters) == (True, "dry_run", ("tenant",))
        assert "x-team" in answer.removed
        assert answer.header("x-team") is None
    assert decide(with_token(mint(claims(team="a")), path="/"), trust).header("x-team") == "a"
    for raw in (
        check_request(path="/?Tenant=x"),
        with_token(mint(), path="/no?Tenant=x"),
        with_token("a.b.c", path="/?Tenant=x"),
    ):
        assert decide(raw, trust).reason == "query_not_normal"
        assert Checker(lambda: trust).unenforced(raw, Denial(Reason.INTERNAL_ERROR)) is None


def test_values_may_be_called_cel() -> None:
    """A name of a value is no expression."""
    assert _ask(allowing({"metadata": {"cel": "text"}})).metadata["policy_metadata"] == {"cel": "text"}
    assert _ask(allowing({"metadata": {"cel": {"cel": "1 + 1"}}})).metadata["policy_metadata"] == {"cel": 2}


def test_beside_a_credential_in_the_query() -> None:
    """A token in the query is removed from it, and so is what no client may send."""
    issuer = {"credentials": [{"query": {"name": "token"}}]}
    trust = allowing({"query": {"set": {"tenant": "acme"}, "remove": ["debug"]}}, issuer=issuer)
    path = f"/orders?token={mint()}&debug=1&tenant=x"
    for _ in range(2):
        assert decide(check_request(path=path), trust).parameters == ("token", "debug")


def test_headers_that_values_read_are_sent() -> None:
    """Envoy is told to send what values look at, and what is appended to."""
    allowed = {
        "upstream": {"append": {"x-tag": {"cel": "request.headers['x-a']"}}},
        "metadata": {"r": {"cel": "remote.address"}},
    }
    assert {"x-a", "x-tag", "x-forwarded-for"} <= allowing(allowed).headers_read
    assert not {"accept", "x-tag"} & allowing({"metadata": {"a": "b"}}).headers_read


def test_effects_are_in_the_digest() -> None:
    """Another effect is another Trust."""
    texts = [allowing({"metadata": {"a": text}}) for text in ("b", "c")]
    evaluated = [allowing({"metadata": {"a": {"cel": text}}}) for text in ("'b'", "'c'")]
    assert len({each.digest for each in (*texts, *evaluated)}) == 4


def test_in_other_path_modes() -> None:
    """The path in a value is the one that was sent."""
    trust = allowing(
        {"upstream": {"set": {"x-p": {"cel": "request.path"}}}}, request={"path_mode": PathMode.NONE.value}
    )
    assert _ask(trust, "/a%2Fb").header("x-p") == "/a%2Fb"


@given(st.text(max_size=40))
def test_whatever_the_claim_is(text: str) -> None:
    """A header is exactly the claim, or the request is denied; the parameter decodes to the claim."""
    trust = _BOTH
    answer = _ask(trust, team=text)
    if not answer.allowed:
        assert answer.reason in {"effect_failed", "token_malformed"}
        assert not text.isascii() or not text.isprintable() or text != text.strip()
        return
    assert (answer.header("x-t") or "") == text
    (parameter,) = _message(trust, team=text).query_parameters_to_set
    assert unquote(parameter.value) == text
    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*", parameter.value)
    assert dict(parse_qsl(f"t={parameter.value}", keep_blank_values=True)) == {"t": text}


_BOTH = allowing({"upstream": {"set": {"x-t": _TEAM}}, "query": {"set": {"t": _TEAM}}})
