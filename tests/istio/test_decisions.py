"""What Istio decides, decided here: its documentation's cases in names of our own."""

from pathlib import Path
from typing import Any

import pytest

from istio.documents import ISTIO, JWKS, authentication, load, policy
from sidecar.core.reason import Reason
from support.answers import Answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, claims, mint

_JWT = authentication("jwt", {"issuer": ISSUER, "jwks": JWKS})
_ALLOWED, _CLOSED = Reason.ALLOWED, Reason.NO_POLICY_ALLOWS
_OPEN, _DENIED = Reason.ALLOWED_BY_DEFAULT, Reason.DENIED_BY_POLICY
_NOBODY = {"action": "DENY", "rules": [{"from": [{"source": {"notRequestPrincipals": ["*"]}}]}]}
_SOMEBODY = {"rules": [{"from": [{"source": {"requestPrincipals": ["*"]}}]}]}
_READ = {"rules": [{"to": [{"operation": {"methods": ["GET"], "paths": ["/info*"]}}]}]}
_DRY = {"annotations": {"istio.io/dry-run": "true"}}


def _ask(trust_of: Any, token: str | None, **request: Any) -> Answer:  # noqa: ANN401 - a Loaded, and a request's fields
    sent = check_request(**request) if token is None else with_token(token, **request)
    return decide(sent, trust_of.trust)


@pytest.mark.parametrize(
    ("documents", "default", "anonymous", "known"),
    [
        ([_JWT], "istio", _OPEN, _OPEN),
        ([_JWT], "deny", _CLOSED, _CLOSED),
        ([_JWT, policy("a", {})], "istio", _CLOSED, _CLOSED),
        ([_JWT, policy("a")], "istio", _CLOSED, _CLOSED),
        ([_JWT, policy("a", {}, **_DRY)], "istio", _OPEN, _OPEN),
        ([_JWT, policy("a", {"rules": [{}]})], "istio", _ALLOWED, _ALLOWED),
        ([_JWT, policy("a", {"action": "DENY"})], "istio", _OPEN, _OPEN),
        ([_JWT, policy("a", {"action": "DENY", "rules": [{}]})], "istio", _DENIED, _DENIED),
        ([_JWT, policy("a", _NOBODY)], "istio", _DENIED, _OPEN),
        ([_JWT, policy("a", _SOMEBODY)], "istio", _CLOSED, _ALLOWED),
        ([_JWT, policy("a", _READ)], "istio", _ALLOWED, _ALLOWED),
        ([_JWT, policy("a", _READ), policy("b", _NOBODY)], "istio", _DENIED, _ALLOWED),
        ([_JWT, policy("a", {}), policy("b", _READ)], "istio", _ALLOWED, _ALLOWED),
        # Nobody looks at tokens without RequestAuthentication.
        ([policy("a", _SOMEBODY)], "istio", _CLOSED, _CLOSED),
        ([policy("a", _NOBODY)], "istio", _DENIED, _DENIED),
    ],
)
def test_with_and_without_a_token(
    folder: Path, documents: list[dict[str, Any]], default: str, anonymous: Reason, known: Reason
) -> None:
    """Whoever shows no token is nobody, whom policies may let in or not."""
    loaded = load(folder, {"a.yaml": documents}, ISTIO | {"default": default})
    assert _ask(loaded, None, path="/info").reason == anonymous
    assert _ask(loaded, mint(), path="/info").reason == known


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, Reason.UNKNOWN_ISSUER),
        ({"exp": 1}, Reason.TOKEN_EXPIRED),
        ({"exp": ABSENT}, Reason.CLAIM_MISSING),
        ({"aud": ABSENT}, _OPEN),
        ({"aud": ["else"]}, _OPEN),
        ({"aud": [1]}, Reason.CLAIM_INVALID),
        ({"sub": ABSENT}, _OPEN),
    ],
)
def test_tokens(folder: Path, changes: dict[str, object], reason: Reason) -> None:
    """One that is shown must be good, for any audience where the rule names none."""
    loaded = load(folder, {"a.yaml": [_JWT]})
    answer = _ask(loaded, mint(claims(**changes)))
    assert answer.reason == reason
    assert answer.status == (200 if reason is _OPEN else 401)


def test_audiences(folder: Path) -> None:
    """Where the rule names some the token must be for one of them."""
    loaded = load(folder, {"a.yaml": [authentication("a", {"issuer": ISSUER, "jwks": JWKS, "audiences": ["x", "y"]})]})
    assert _ask(loaded, mint(claims(aud=["z", "y"]))).allowed
    assert _ask(loaded, mint(claims(aud="z"))).reason == Reason.WRONG_AUDIENCE
    assert _ask(loaded, mint(claims(aud=ABSENT))).reason == Reason.CLAIM_MISSING


def test_another_scheme_is_no_token(folder: Path) -> None:
    """A RequestAuthentication looks for its own alone."""
    loaded = load(folder, {"a.yaml": [_JWT]})
    assert _ask(loaded, None, headers={"authorization": "Basic YTpi"}).reason == _OPEN


def test_a_policy_of_the_configuration_closes_as_well(folder: Path) -> None:
    """Native policies and Istio's are one set; what needs no token of the configuration needs none."""
    allow = [{"name": "mine", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/mine"]}}]}]}]
    loaded = load(folder, {"a.yaml": [_JWT]}, policies=allow, public=[{"paths": ["/health"]}])
    assert [_ask(loaded, None, path=path).reason for path in ("/mine", "/other", "/health")] == [
        _ALLOWED,
        _CLOSED,
        Reason.PUBLIC_PATH,
    ]
