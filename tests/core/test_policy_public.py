"""What passes without a token: public operations and CORS preflights, unless a deny policy closes them."""

from typing import Any

import pytest

from sidecar.core.reason import Reason
from support.checks import decide
from support.decisions import admit_without_identity
from support.requests import check_request, request, with_token
from support.tokens import mint
from support.trusts import ALLOW_ALL, policy_set, trust

_PREFLIGHT = {"origin": "https://x.example", "access-control-request-method": "PUT"}


def _deny(**rule: Any) -> dict[str, Any]:  # noqa: ANN401 - a rule
    return {"name": "no", "action": "deny", "rules": [rule]}


def _reason(
    public: list[dict[str, Any]] | None = None,
    preflight: list[dict[str, Any]] | None = None,
    policies: list[dict[str, Any]] | None = None,
    **fields: object,
) -> Reason | None:
    decision = admit_without_identity(policy_set(policies or [], public or [], preflight or []), request(**fields))
    return None if decision is None else decision.reason


@pytest.mark.parametrize(
    ("path", "method", "reason"),
    [
        ("/health", "GET", Reason.PUBLIC_PATH),
        ("/health?x", "GET", Reason.PUBLIC_PATH),
        ("/docs/a", "POST", Reason.PUBLIC_PATH),
        ("/health", "POST", None),
        ("/healthy", "GET", None),
        ("/docs", "GET", None),
    ],
)
def test_public(path: str, method: str, reason: Reason | None) -> None:
    """An operation that is public needs no token; any other does."""
    public: list[dict[str, Any]] = [{"paths": ["/health"], "methods": ["GET"]}, {"paths": ["/docs/*"]}]
    assert _reason(public, path=path, method=method) is reason


@pytest.mark.parametrize(
    ("method", "headers", "path", "reason"),
    [
        ("OPTIONS", _PREFLIGHT, "/a", Reason.CORS_PREFLIGHT),
        ("OPTIONS", _PREFLIGHT, "/b", None),
        ("OPTIONS", {"origin": "x"}, "/a", None),
        ("OPTIONS", {}, "/a", None),
        ("PUT", _PREFLIGHT, "/a", None),
    ],
)
def test_preflight(method: str, headers: dict[str, str], path: str, reason: Reason | None) -> None:
    """A preflight of a named operation needs no token; nothing else passes for one."""
    assert _reason(preflight=[{"paths": ["/a"]}], method=method, headers=headers, path=path) is reason


@pytest.mark.parametrize(
    "rule",
    [
        {"to": [{"operation": {"paths": ["/a"]}}]},
        {"when": [{"key": "request.headers[x-a]", "notValues": ["1"]}]},
        {"from": [{"source": {"notRequestPrincipals": ["x"]}}]},
        {},
    ],
)
@pytest.mark.parametrize("kind", ["public", "preflight"])
def test_deny_holds_without_identity(kind: str, rule: dict[str, Any]) -> None:
    """A deny policy closes what is public."""
    operations: dict[str, Any] = {kind: [{"paths": ["/a"]}]}
    fields: dict[str, Any] = {"path": "/a", "method": "OPTIONS", "headers": _PREFLIGHT}
    assert _reason(policies=[_deny(**rule)], **operations, **fields) is Reason.DENIED_BY_POLICY


def test_deny_on_who_it_is_does_not_hold_without_identity() -> None:
    """A deny policy for certain principals does not match where nobody is known, as in Istio."""
    rule = {"from": [{"source": {"requestPrincipals": ["*"]}}]}
    assert _reason([{"paths": ["/a"]}], policies=[_deny(**rule)], path="/a") is Reason.PUBLIC_PATH


def test_deny_elsewhere_does_not_make_it_a_decision() -> None:
    """What is not public is left to the token, also where a deny policy would match."""
    assert _reason([{"paths": ["/a"]}], policies=[_deny()], path="/b") is None


@pytest.mark.parametrize("authorization", [None, "garbage", "Bearer a, Bearer b", "Basic x", "token"])
def test_credentials_do_not_matter_on_public_paths(authorization: str | None) -> None:
    """A public path passes with no, a bad and a good credential alike, and always without identity."""
    public = trust(policy_set(ALLOW_ALL, public=[{"paths": ["/a"]}]))
    headers = {} if authorization is None else {"authorization": authorization}
    raw = with_token(mint(), path="/a") if authorization == "token" else check_request(path="/a", headers=headers)
    answer = decide(raw, public)
    assert (answer.allowed, answer.reason, answer.header("x-auth-subject")) == (True, "public_path", None)


@pytest.mark.parametrize("path", ["/a/../b", "/a//b", "/a%2Fb", "/a/%2e%2e/b", "/a;x"])
def test_public_is_asked_after_the_path_was_found_normal(path: str) -> None:
    """A path that is not normal is refused also under a public prefix."""
    public = trust(policy_set(public=[{"paths": ["/a*"]}]))
    assert decide(check_request(path=path), public).reason == "path_not_normal"
