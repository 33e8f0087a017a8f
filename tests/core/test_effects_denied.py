"""How denials are told: status, body and headers of the policy's choice, and never more than it says."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.effects.reply import MOST_BODY
from sidecar.core.trust import Trust
from sidecar.protos.ext_authz import CheckResponse, HttpStatus
from sidecar.settings.effects import STATUSES
from support.checks import begin, finish
from support.effects import denying, trust_of
from support.requests import check_request, with_token
from support.tokens import claims, forge_payload, mint

_WHO = {"cel": "identity.claims.who"}


class Told:
    """A denial as the client sees it."""

    def __init__(self, raw: bytes, trust: Trust) -> None:
        message = CheckResponse.FromString(finish(begin(raw, trust)).response)
        assert message.status.code != 0
        denied = message.denied_response
        self.status = int(denied.status.code)
        self.headers = {one.header.key: one.header.value for one in denied.headers}
        assert len(self.headers) == len(denied.headers)
        self.body = denied.body
        self.metadata = dict(message.dynamic_metadata)


def _ask(denied: dict[str, Any], path: str = "/denied", headers: dict[str, str] | None = None, **token: Any) -> Told:  # noqa: ANN401
    raw = with_token(forge_payload(claims(**token)), path=path, headers=headers or {})
    return Told(raw, denying(denied))


def test_status_alone() -> None:
    """Another status leaves the usual body."""
    told = _ask({"status": 404})
    assert (told.status, json.loads(told.body)["reason"]) == (404, "denied_by_policy")
    assert told.headers == {"content-type": "application/json", "cache-control": "no-store"}


def test_status_401_has_a_challenge() -> None:
    """With 401 goes a challenge (RFC 9110, section 15.5.2)."""
    assert _ask({"status": 401}).headers["www-authenticate"] == 'Bearer realm="api"'


def test_envoy_knows_all_statuses() -> None:
    """The statuses that may be written are Envoy's errors, but for the one about proxies."""
    known = HttpStatus.DESCRIPTOR.fields_by_name["code"].enum_type
    assert known is not None
    assert {one for one in known.values_by_number if one >= 400} - {407} == STATUSES


def test_json() -> None:
    """A body of JSON has values in any place, and nothing of ours."""
    body = {"error": "no", "who": _WHO, "more": [1, None, {"deep": {"cel": "[identity.claims.who, 'x']"}}, True]}
    told = _ask({"status": 403, "json": body}, who='a"}, {"\n')
    assert json.loads(told.body) == {
        "error": "no",
        "who": 'a"}, {"\n',
        "more": [1, None, {"deep": ['a"}, {"\n', "x"]}, True],
    }
    assert told.headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def test_html() -> None:
    """A page has values, escaped, and a policy under which nothing in it runs."""
    told = _ask({"html": "<p>Hello <b>{{ who }}</b>, {{who}}</p>", "values": {"who": _WHO}}, who="<script>'\"&")
    assert told.body == "<p>Hello <b>&lt;script&gt;&#x27;&quot;&amp;</b>, &lt;script&gt;&#x27;&quot;&amp;</p>"
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert told.headers["content-security-policy"].startswith("default-src 'none';")
    assert told.headers["x-content-type-options"] == "nosniff"


def test_text() -> None:
    """A body of plain text is literal, or a value."""
    assert _ask({"text": "Go away.\n"}).body == "Go away.\n"
    told = _ask({"text": {"cel": "'<b>' + identity.claims.who"}}, who="a")
    assert (told.body, told.headers["content-type"]) == ("<b>a", "text/plain; charset=utf-8")


def test_headers() -> None:
    """Headers go beside those that there are."""
    told = _ask({"headers": {"set": {"x-who": _WHO, "retry-after": "60"}}}, who="a")
    assert (told.headers["x-who"], told.headers["retry-after"]) == ("a", "60")
    assert told.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "denied",
    [
        {"json": {"who": _WHO}},
        {"html": "{{ who }}", "values": {"who": _WHO}},
        {"text": _WHO},
        {"headers": {"set": {"x-who": _WHO}}},
    ],
)
def test_what_cannot_be_told_leaves_the_usual(denied: dict[str, Any]) -> None:
    """A value that cannot be told leaves the denial as it is without, and metadata say why."""
    told = _ask({"status": 404, **denied}, who=None)
    usual = _ask({"status": 403}, who="a")
    assert (told.status, told.body, told.headers) == (usual.status, usual.body, usual.headers)
    assert str(told.metadata["denied_problem"]).endswith("cannot be told")
    assert "denied_problem" not in usual.metadata


@pytest.mark.parametrize("who", ["a\r\nset-cookie: x", "a\x00b", "\u2028"])
def test_headers_are_not_split(who: str) -> None:
    """A value with control characters makes no header."""
    assert "x-who" not in _ask({"headers": {"set": {"x-who": _WHO}}}, who=who).headers


def test_body_that_is_too_long() -> None:
    """A body that Envoy would cut is not sent."""
    told = _ask({"json": dict.fromkeys("abcde", _WHO)}, who="x" * (MOST_BODY // 4))
    assert "longer" in str(told.metadata["denied_problem"])


def test_grpc_has_the_usual() -> None:
    """Callers of gRPC, of which Envoy makes trailers, get what they got without."""
    told = _ask(
        {"status": 404, "html": "<p>no</p>", "headers": {"set": {"x-a": "b"}}},
        headers={"content-type": "application/grpc+proto"},
    )
    assert (told.status, json.loads(told.body)["reason"]) == (403, "denied_by_policy")
    assert "x-a" not in told.headers


def test_scopes() -> None:
    """An allow policy's is for the scopes that it lacks, with the challenge that names them."""
    policy = {"name": "p", "action": "allow", "scopes": ["a"], "denied": {"status": 404, "text": "no"}, "rules": [{}]}
    told = Told(with_token(mint()), trust_of(policies=[policy]))
    assert (told.status, told.body) == (404, "no")
    assert 'scope="a"' in told.headers["www-authenticate"]


def test_unauthenticated_and_unauthorized() -> None:
    """Each is for all denials of its status that no policy tells in its own way."""
    deny = {
        "name": "no",
        "action": "deny",
        "denied": {"text": "own"},
        "rules": [{"to": [{"operation": {"paths": ["/own"]}}]}],
    }
    response = {"unauthenticated": {"json": {"login": True}}, "unauthorized": {"text": "all"}}
    trust = trust_of(policies=[deny], response=response)
    assert Told(with_token(mint(), path="/own"), trust).body == "own"
    assert Told(with_token(mint()), trust).body == "all"
    for raw in (check_request(), with_token("a.b.c"), with_token(mint(claims(exp=1)))):
        told = Told(raw, trust)
        assert (told.status, json.loads(told.body)) == (401, {"login": True})
        assert told.headers["www-authenticate"].startswith("Bearer")
    assert json.loads(Told(with_token(mint(), path="//"), trust).body)["reason"] == "path_not_normal"
    assert (
        json.loads(Told(check_request(headers={"authorization": "Bearer a,b"}), trust).body)["reason"]
        == "several_credentials"
    )


def test_failed_effects_are_unauthorized() -> None:
    """A permit whose effects cannot be told is denied as others are."""
    policy = {"name": "p", "action": "allow", "allowed": {"metadata": {"a": _WHO}}, "rules": [{}]}
    told = Told(with_token(mint()), trust_of(policies=[policy], response={"unauthorized": {"status": 404}}))
    assert (told.status, json.loads(told.body)["reason"]) == (404, "effect_failed")


@pytest.mark.parametrize("extra", [{"dry_run": True}, {"enforce_percent": 0.0}])
def test_dry_run(extra: dict[str, Any]) -> None:
    """A policy in dry run tells nothing, and adds nothing."""
    deny = {"name": "no", "action": "deny", "denied": {"text": "own"}, "rules": [{}], **extra}
    allow = {"name": "yes", "action": "allow", "allowed": {"upstream": {"set": {"x-a": "b"}}}, "rules": [{}], **extra}
    told = Told(with_token(mint()), trust_of(policies=[deny, allow]))
    assert json.loads(told.body)["reason"] == "no_policy_allows"
    step = finish(
        begin(with_token(mint()), trust_of(policies=[allow, {"name": "all", "action": "allow", "rules": [{}]}]))
    )
    assert b"x-a" in step.response
    message = CheckResponse.FromString(step.response)
    assert [one for one in message.ok_response.headers if one.header.key == "x-a"] == []
    assert "x-a" in message.ok_response.headers_to_remove


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


_PAGE = denying({"html": "<p>{{ who }}</p><b>!</b>", "values": {"who": _WHO}})
_JSON = denying({"json": {"who": _WHO, "b": 1}})


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("<>&'\"/=! ascript-{}"))
def test_whatever_is_put_into_a_page(who: str) -> None:
    """A page has the elements of its template and no other, and its text is the value."""
    told = Told(with_token(forge_payload(claims(who=who)), path="/denied"), _PAGE)
    if told.headers["content-type"] == "application/json":
        return  # not to be told, or no token
    reader = _Reader()
    reader.feed(told.body)
    reader.close()
    assert (reader.tags, reader.text) == (["p", "b"], f"{who}!")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        max_leaves=8,
    )
)
def test_whatever_is_put_into_json(who: object) -> None:
    """JSON has the value and the members that are written, and no other."""
    told = Told(with_token(forge_payload(claims(who=who)), path="/denied"), _JSON)
    found = json.loads(told.body)
    assert found == {"who": who, "b": 1} or found["reason"] in {"denied_by_policy", "token_malformed"}
