"""Bodies: what a condition on one sees, what it cannot tell, and what is refused at once."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.policy.model import PolicySet
from sidecar.core.trust import Trust
from support.answers import Answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import mint
from support.trusts import policy_set, trust

SENT = {"authz.body": "64"}
JSON = {"content-type": "application/json", "x-envoy-auth-partial-body": "false"}


def policies(action: str, cel: str, **others: Any) -> PolicySet:  # noqa: ANN401 - fields of a policy
    """Return policies of which the first has the condition; where it denies the second allows all."""
    first = {"name": "first", "action": action, "rules": [{"when": [{"cel": cel}]}], **others}
    second = {"name": "second", "action": "allow", "rules": [{}]}
    return policy_set([first] if action == "allow" else [first, second])


def taking(policy: PolicySet) -> Trust:
    """Return a Trust that takes bodies of 64 bytes."""
    return replace(trust(policy), max_body_bytes=64)


def asking(action: str, cel: str, **others: Any) -> Trust:  # noqa: ANN401 - fields of a policy
    """Return a Trust of such policies."""
    return taking(policies(action, cel, **others))


ALLOW = asking("allow", "request.body.kind == 'small'")
DENY = asking("deny", "request.body.kind == 'large'")


def ask(in_force: Trust, body: bytes = b"", headers: dict[str, str] | None = None, **fields: object) -> Answer:
    """Check a request with a body."""
    fields = {"extensions": SENT, "body": body, **fields}
    return decide(with_token(mint(), headers={**JSON, **(headers or {})}, **fields), in_force)


def test_a_member_is_looked_at() -> None:
    """What the body says decides."""
    assert ask(ALLOW, b'{"kind": "small"}').allowed
    assert ask(ALLOW, b'{"kind": "large"}').reason == "no_policy_allows"
    assert ask(DENY, b'{"kind": "small"}').allowed
    assert ask(DENY, b'{"kind": "large"}').reason == "denied_by_policy"


CANNOT_BE_TOLD: list[tuple[bytes, dict[str, str]]] = [
    (b"", {}),
    (b'{"other": 1}', {}),
    (b'{"kind": "small"', {}),
    (b'{"kind": "small"} {}', {}),
    (b'["kind"]', {}),
    (b'"kind"', {}),
    (b'\xef\xbb\xbf{"kind": "small"}', {}),
    (b'{"kind": "small", "a": "\xff"}', {}),
    (b'{"kind": "small", "a": NaN}', {}),
    (b'{"kind": "small", "a": 1e999}', {}),
    (b'{"kind": "small", "a": "\\ud800"}', {}),
    (b'{"kind": "small", // a\n"a": 1}', {}),
    (b'{"kind": "small", "a":' + b"[" * 17 + b"]" * 17 + b"}", {}),
    (b'{"kind": "small", "a": "' + b"a" * 64 + b'"}', {}),
    (b'{"kind": "small"}', {"content-type": "text/plain"}),
    (b'{"kind": "small"}', {"content-type": ""}),
    (b'{"kind": "small"}', {"content-type": "application/json, text/plain"}),
    (b'{"kind": "small"}', {"content-type": "application/json; charset=utf-16"}),
    (b'{"kind": "small"}', {"content-type": "application/json; charset=utf-8; charset=utf-7"}),
    (b'{"kind": "small"}', {"content-type": "application/jsonx"}),
    (b'{"kind": "small"}', {"content-type": "application/json+zip"}),
    (b'{"kind": "small"}', {"content-encoding": "gzip"}),
    (b'{"kind": "small"}', {"content-encoding": "identity, gzip"}),
    (b'{"kind": "sm\\u0000all"}', {}),
]


@pytest.mark.parametrize(("body", "headers"), CANNOT_BE_TOLD)
def test_what_cannot_be_told_keeps_out(body: bytes, headers: dict[str, str]) -> None:
    """No body, none that is JSON by its type and by its bytes, or too large a one: a condition on it cannot be told."""
    assert ask(ALLOW, body, headers).reason == "no_policy_allows"
    assert ask(DENY, body, headers).reason == "denied_by_policy"


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"', "text/a.b+json",
     "application/problem+json; profile=x"],
)  # fmt: skip
def test_what_is_json(kind: str) -> None:
    """JSON is what its media type says, and what is built on it."""
    assert ask(ALLOW, b'{"kind": "small"}', {"content-type": kind}).allowed


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"kind": "small", "kind": "small"}', {}),
        (b'{"kind": "small", "k\\u0069nd": "large"}', {}),
        (b'{"kind": "small", "a": [{"b": 1, "b": 1}]}', {}),
        (b'{"kind": "small", "Kind": "large"}', {}),
        (b'{"kind": "small", "\xe2\x84\xaaind": "large"}', {}),
        (b'{"kind": "small", "kind\\u0000": "large"}', {}),
        (b'{"kind": "small", "a": {"b": 1, "B": 1}}', {}),
        (b'{"kind": "small"}', {"x-envoy-auth-partial-body": "true"}),
        (b'{"kind": "small"}', {"x-envoy-auth-partial-body": "false,true"}),
        (b'{"kind": "small"}', {"x-envoy-auth-partial-body": ""}),
        (b"no JSON at all", {"x-envoy-auth-partial-body": "true"}),
    ],
)
def test_ambiguous(body: bytes, headers: dict[str, str]) -> None:
    """A part of a body, and one with a member twice, to whoever reads it, is refused where a policy looks at it."""
    for in_force in (ALLOW, DENY):
        answer = ask(in_force, body, headers)
        assert (answer.status, answer.reason) == (400, "body_ambiguous")
    other = {"to": [{"operation": {"paths": ["/other"]}}], "when": [{"cel": "request.body.kind == 'large'"}]}
    elsewhere = [{"name": "a", "action": "allow", "rules": [{}]}, {"name": "b", "action": "deny", "rules": [other]}]
    assert ask(taking(policy_set(elsewhere)), body, headers).allowed


@pytest.mark.parametrize("body", [b'{"Kind": 1}', b'{"KIND": null}', b'{"\xe2\x84\xaaind": 1}', b'{"kind\\u0000": 1}'])
def test_a_member_in_another_spelling(body: bytes) -> None:
    """What some application takes for the member is no way around a policy that asks whether it is there."""
    assert ask(asking("deny", "has(request.body.kind)"), body).reason == "denied_by_policy"
    assert ask(asking("deny", "'kind' in request.body"), body).reason == "denied_by_policy"
    assert ask(asking("allow", "!has(request.body.kind)"), body).reason == "no_policy_allows"
    assert ask(asking("deny", "has(request.body.kind)"), b'{"kin": 1}').allowed


def test_what_a_client_says_of_it_does_no_harm() -> None:
    """Beside Envoy's word, where headers come one by one, a client's can only keep its own request out."""
    assert ask(ALLOW, b'{"kind": "small"}', {"x-envoy-auth-partial-body": "false,false"}).allowed
    assert ask(ALLOW, b"", {"x-envoy-auth-partial-body": "true"}).reason == "no_policy_allows"


def test_as_text() -> None:
    """A body may come as text as well; a character that may stand for any other is refused."""
    assert ask(ALLOW, text_body='{"kind": "small", "a": "é"}').allowed
    assert ask(ALLOW, text_body='{"kind": "small!"}').reason == "body_ambiguous"
    assert ask(ALLOW, b'{"kind": "small"}', text_body='{"kind": "small"}').reason == "body_ambiguous"


def test_envoy_does_not_send_it() -> None:
    """Where Envoy does not say that it sends bodies, what is about the request and looks at one denies."""
    assert ask(ALLOW, b'{"kind": "small"}', extensions={}).reason == "envoy_config_stale"
    assert ask(DENY, extensions={}).reason == "envoy_config_stale"


def test_not_before_it_is_known_who_asks() -> None:
    """Who has no token has no body read, whatever it is."""
    raw = check_request(headers=JSON, body=b'{"kind": 1, "kind": 1}', extensions=SENT)
    assert decide(raw, DENY).reason == "no_credential"


def test_public() -> None:
    """A deny policy looks at the bodies of public operations as well."""
    deny = {"name": "a", "action": "deny", "rules": [{"when": [{"cel": "request.body.kind == 'large'"}]}]}
    in_force = taking(policy_set([deny], public=[{"paths": ["/*"]}]))
    for body, reason in (
        (b'{"kind": 1}', "public_path"),
        (b"", "denied_by_policy"),
        (b'{"a": 1, "a": 1}', "body_ambiguous"),
    ):
        assert decide(check_request(headers=JSON, body=body, extensions=SENT), in_force).reason == reason


def test_policies_that_are_only_tried() -> None:
    """A policy that is enforced for nobody refuses nothing by itself; nor does one that only notes."""
    body = b'{"kind": "large", "kind": "large"}'
    assert ask(asking("deny", "request.body.kind == 'large'", dry_run=True), body).allowed
    assert ask(asking("audit", "request.body.kind == 'large'"), body).allowed


@pytest.mark.parametrize("public", [[], [{"paths": ["/*"]}]])
def test_what_policies_that_are_only_tried_see(public: list[dict[str, Any]]) -> None:
    """They see the body as those do that are enforced, so that what is told of them is what would be."""
    rules = [{"when": [{"cel": "request.body.kind == 'large'"}]}]
    tried = {"name": "tried", "action": "deny", "rules": rules, "dry_run": True}
    noting = {"name": "noting", "action": "audit", "rules": rules}
    everybody = {"name": "all", "action": "allow", "rules": [{}]}
    in_force = taking(policy_set([tried, noting, everybody], public=public))
    small, large = ask(in_force, b'{"kind": "small"}').metadata, ask(in_force, b'{"kind": "large"}').metadata
    assert ("dry_run" in small, "audited" in small) == (False, False)
    assert large["dry_run"] == {"decision": "deny", "reason": "denied_by_policy", "policy": "tried"}
    assert large["audited"] == ["noting"]
    for unknown in (ask(in_force, b'{"a": 1, "a": 1}'), ask(in_force, b'{"kind": "small"}', extensions={})):
        assert (unknown.allowed, unknown.metadata["audited"]) == (True, ["noting"])


def test_headers_that_are_read() -> None:
    """What is looked at beside a body has to be sent as well."""
    assert {"content-type", "content-encoding", "x-envoy-auth-partial-body"} <= ALLOW.headers_read
    assert "content-type" not in trust(policies("allow", "request.query == ''")).headers_read


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_any_bytes(body: bytes) -> None:
    """Whatever is sent, it is no error of ours, and lets nobody in."""
    assert ask(ALLOW, body).reason in {"no_policy_allows", "body_ambiguous"}
