"""Where an upstream may read a request in more ways than one: any reading denies, all of them allow."""

from typing import Any

import pytest

from sidecar.core.path import PathMode
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import claims, mint
from support.trusts import ALLOW_ALL, policy_set, trust

DENY, ALLOW = "deny", "allow"


def answer_to(action: str, rule: dict[str, Any], raw: bytes) -> bool:
    """Say whether ``raw`` passes one policy of ``action`` with ``rule``, and everything that is not denied."""
    policies = [{"name": "p", "action": action, "rules": [rule]}]
    return decide(raw, trust(policy_set(policies if action == ALLOW else [*policies, *ALLOW_ALL]))).allowed


def header_rule(**fields: list[str]) -> dict[str, Any]:
    """Return a rule on the header ``x-env``."""
    return {"when": [{"key": "request.headers[X-Env]", **fields}]}


@pytest.mark.parametrize(
    ("action", "rule", "value", "passes"),
    [
        (DENY, header_rule(values=["prod"]), "prod", False),
        (DENY, header_rule(values=["prod"]), "prod,prod", False),
        (DENY, header_rule(values=["prod"]), "prod,", False),
        (DENY, header_rule(values=["prod"]), "dev, prod", False),
        (DENY, header_rule(values=["prod"]), "dev", True),
        (DENY, header_rule(values=["*"]), "", False),
        (DENY, header_rule(values=["*"]), None, True),
        (DENY, header_rule(notValues=["dev"]), "dev,prod", False),
        (DENY, header_rule(notValues=["dev"]), None, False),
        (DENY, header_rule(notValues=["team-*"]), "team-a,evil", False),
        (DENY, header_rule(notValues=["*-ok"]), "evil,a-ok", False),
        (DENY, header_rule(values=["x"]), "," * 17, False),
        (ALLOW, header_rule(values=["team-*"]), "team-a,evil", False),
        (ALLOW, header_rule(values=["*"]), "," * 17, False),
        (DENY, header_rule(notValues=["*"]), "", False),
        (DENY, header_rule(notValues=["*"]), "a", True),
        (ALLOW, header_rule(values=["dev"]), "dev", True),
        (ALLOW, header_rule(values=["dev"]), "dev,prod", False),
        (ALLOW, header_rule(notValues=["prod"]), "dev", True),
        (ALLOW, header_rule(notValues=["prod"]), "dev,prod", False),
        (ALLOW, header_rule(notValues=["prod"]), None, True),
    ],
)
def test_header_that_was_sent_twice(action: str, rule: dict[str, Any], value: str | None, passes: bool) -> None:  # noqa: FBT001 - a table
    """Copies of a header are seen one by one and joined, whichever keeps the request out."""
    headers = {} if value is None else {"x-env": value}
    assert answer_to(action, rule, with_token(mint(), headers=headers)) is passes


@pytest.mark.parametrize("rule", [header_rule(values=["*"]), header_rule(values=["a*"]), header_rule(notValues=["z"])])
def test_header_that_is_not_text(rule: dict[str, Any]) -> None:
    """A header with bytes that are not UTF-8 may be anything: enough to deny, and not to allow."""
    pairs = [("authorization", f"Bearer {mint()}".encode()), ("x-env", b"a\xff")]
    raw = check_request(header_map=pairs)
    assert not answer_to(DENY, rule, raw)
    assert not answer_to(ALLOW, rule, raw)


@pytest.mark.parametrize(
    ("action", "claim", "fields", "passes"),
    [
        (DENY, {"scope": "read guest"}, {"key": "request.auth.claims[scope]", "values": ["guest"]}, False),
        (ALLOW, {"scope": "read guest"}, {"key": "request.auth.claims[scope]", "notValues": ["guest"]}, False),
        (ALLOW, {"permission": "a b"}, {"key": "request.auth.claims[permission]", "values": ["b"]}, True),
        (ALLOW, {"groups": "a b"}, {"key": "request.auth.claims[groups]", "values": ["b"]}, False),
        (DENY, {"act": {"sub": "x"}}, {"key": "request.auth.claims[act]", "values": ["*"]}, False),
        (DENY, {"act": None}, {"key": "request.auth.claims[act]", "values": ["*"]}, True),
        (ALLOW, {"uid": 1.5}, {"key": "request.auth.claims[uid]", "values": ["1.5"]}, True),
        (ALLOW, {"ok": True}, {"key": "request.auth.claims[ok]", "values": ["true"]}, True),
        (ALLOW, {"ok": 1}, {"key": "request.auth.claims[ok]", "values": ["true"]}, False),
    ],
)
def test_claim_of_any_form(action: str, claim: dict[str, Any], fields: dict[str, Any], passes: bool) -> None:  # noqa: FBT001 - a table
    """Scopes in one string are several values; an object is there, though it has no text."""
    assert answer_to(action, {"when": [fields]}, with_token(mint(claims(**claim)))) is passes


_CUT_SHORT = ["/admin%3Fx.svg", "/admin%23.svg", "/admin%20", "/%20admin", "/admin%C2%A0", "/admin%3F/x", "/admin%3Bx"]


@pytest.mark.parametrize("path", _CUT_SHORT)
@pytest.mark.parametrize(
    ("action", "operation"),
    [
        (DENY, {"paths": ["/admin"]}),
        (ALLOW, {"notPaths": ["/admin"]}),
        (ALLOW, {"paths": ["*.svg"], "notPaths": ["/admin"]}),
        (ALLOW, {"paths": ["*.svg"]}),
    ],
)
def test_path_that_is_cut_short(action: str, operation: dict[str, Any], path: str) -> None:
    """What a careless upstream makes of a path is denied with it, and not allowed without it."""
    assert not answer_to(action, {"to": [{"operation": operation}]}, with_token(mint(), path=path))


@pytest.mark.parametrize("path", ["/orgs/1%20/admin", "/orgs/%201/admin", "/orgs/1%3Bx/admin", "/orgs/1/admin%3F"])
def test_segment_that_is_trimmed(path: str) -> None:
    """It is so in each segment, not only in the last."""
    rule = {"to": [{"operation": {"paths": ["/orgs/1/admin"]}}]}
    assert not answer_to(DENY, rule, with_token(mint(), path=path))


@pytest.mark.parametrize("path", _CUT_SHORT)
def test_path_that_is_cut_short_is_not_public(path: str) -> None:
    """``notPaths`` of a public operation holds for every reading."""
    public = trust(policy_set(public=[{"notPaths": ["/admin"]}]))
    assert not decide(check_request(path=path), public).allowed
    assert decide(check_request(path="/other"), public).reason == "public_path"


def test_prefix_allows_what_is_cut_behind_it() -> None:
    """A path with an encoded question mark is allowed where all that it may be cut to is."""
    rule = {"to": [{"operation": {"paths": ["/tags/*"]}}]}
    assert answer_to(ALLOW, rule, with_token(mint(), path="/tags/c%23"))
    assert answer_to(ALLOW, rule, with_token(mint(), path="/tags/why%3F/me"))


@pytest.mark.parametrize(
    ("action", "operation", "path"),
    [
        (DENY, {"paths": ["/admin"]}, "/admin/"),
        (DENY, {"paths": ["/admin/"]}, "/admin"),
        (DENY, {"paths": ["/admin/*"]}, "/admin"),
        (ALLOW, {"notPaths": ["/admin"]}, "/admin/"),
        (ALLOW, {"notPaths": ["/admin/*"]}, "/admin"),
        (ALLOW, {"paths": ["/admin"]}, "/admin/"),
        (DENY, {"paths": ["/my report"]}, "/my+report"),
        (DENY, {"paths": ["*/secret"]}, "/x%3F/secret%20"),
    ],
)
def test_closing_slash_and_plus(action: str, operation: dict[str, Any], path: str) -> None:
    """What most frameworks serve as the same is kept out with it, and not let in with it."""
    assert not answer_to(action, {"to": [{"operation": operation}]}, with_token(mint(), path=path))


def test_look_alikes_of_headers_in_policies_are_removed() -> None:
    """A header that an upstream folds into one that policy looks at does not reach it."""
    policies = [{"name": "p", "action": ALLOW, "rules": [header_rule(values=["dev"])]}]
    in_force = trust(policy_set(policies), guarded_headers=frozenset({"x-env"}))
    answer = decide(with_token(mint(), headers={"x-env": "dev", "x.env": "prod"}), in_force)
    assert answer.allowed
    assert "x.env" in answer.removed
    assert "x-env" not in answer.removed


@pytest.mark.parametrize("value", ["banned!", "!", "a" * 5000, "banned\u00a0", "a,\u3000banned"])
def test_header_that_envoy_could_not_show(value: str) -> None:
    """A header with what stands for other bytes, or with too many, may be anything; outer spaces are none."""
    raw = with_token(mint(), headers={"x-env": value})
    assert not answer_to(DENY, header_rule(values=["banned"]), raw)
    assert not answer_to(ALLOW, header_rule(notValues=["banned"]), raw)


def test_header_with_an_exclamation_mark_of_its_own() -> None:
    """Where Envoy sends headers with their bytes, an exclamation mark is one."""
    pairs = [("authorization", f"Bearer {mint()}".encode()), ("x-env", b"hey!")]
    assert answer_to(ALLOW, header_rule(values=["hey!"]), check_request(header_map=pairs))


def test_port_that_nobody_named() -> None:
    """Where Envoy names no port, a rule with ports denies, and does not allow."""
    for field in ("ports", "notPorts"):
        rule = {"to": [{"operation": {field: ["8443"]}}]}
        assert not answer_to(DENY, rule, with_token(mint(), port=0))
        assert not answer_to(ALLOW, rule, with_token(mint(), port=0))


@pytest.mark.parametrize("mode", [mode for mode in PathMode if mode is not PathMode.REJECT])
def test_istio_s_modes_have_one_reading(mode: PathMode) -> None:
    """In Istio's modes an encoded pattern matches the encoded path alone."""
    rules = [{"to": [{"operation": {"paths": ["/x/caf%C3%A9"]}}]}]
    document = [{"name": "p", "action": "allow", "rules": rules}]
    in_mode = trust(policy_set(document, path_mode=mode), path_mode=mode)
    assert decide(with_token(mint(), path="/x/caf%C3%A9"), in_mode).allowed
    assert not decide(with_token(mint(), path="/x/caf%c3%a9"), in_mode).allowed
