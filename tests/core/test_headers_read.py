"""Envoy that sends fewer headers than policies look at is told apart, before anything is decided."""

from typing import Any

import pytest

from sidecar.core.headers_read import HEADERS_SENT, OVERRIDE_HEADERS
from sidecar.core.trust import Trust
from sidecar.protos.ext_authz import CheckRequest
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import mint
from support.trusts import ALLOW_ALL, policy_set, trust


def _deny(header: str) -> dict[str, Any]:
    condition = {"key": f"request.headers[{header}]", "values": ["blocked"]}
    return {"name": "d", "action": "deny", "rules": [{"when": [condition]}]}


def _sent(raw: bytes, listed: str) -> bytes:
    """Return the request with what Envoy says it sends."""
    message = CheckRequest.FromString(raw)
    message.attributes.context_extensions[HEADERS_SENT] = listed
    data: bytes = message.SerializeToString()
    return data


LOOKING: Trust = trust(
    policy_set([_deny("X-Team"), *ALLOW_ALL], public=[{"paths": ["/public"]}]), strip_override_headers=False
)


def test_what_is_read() -> None:
    """The credential, the request's id, what conditions and preflights look at, and what is to be removed."""
    assert trust(strip_override_headers=False).headers_read == {"authorization", "x-request-id"}
    assert trust().headers_read == {"authorization", "x-request-id", *OVERRIDE_HEADERS}
    assert LOOKING.headers_read == {"authorization", "x-request-id", "x-team"}
    preflight = trust(policy_set(cors_preflight=[{"paths": ["/*"]}]), strip_override_headers=False)
    assert preflight.headers_read == {"authorization", "x-request-id", "origin", "access-control-request-method"}


@pytest.mark.parametrize("path", ["/orders", "/public"])
@pytest.mark.parametrize("listed", ["", "authorization,x-request-id", "x-team", "authorization,x-request-id,x-team2"])
def test_too_few(listed: str, path: str) -> None:
    """Without a header that a deny rule looks at nobody is let in, on public paths neither."""
    answer = decide(_sent(with_token(mint(), path=path), listed), LOOKING)
    assert (answer.status, answer.reason) == (503, "envoy_config_stale")


@pytest.mark.parametrize("listed", ["authorization,x-request-id,x-team", "x-team,x-other,x-request-id,authorization"])
def test_enough(listed: str) -> None:
    """With all of them, and with more, policies decide."""
    assert decide(_sent(with_token(mint()), listed), LOOKING).allowed
    blocked = with_token(mint(), headers={"x-team": "blocked"})
    assert decide(_sent(blocked, listed), LOOKING).reason == "denied_by_policy"


def test_nothing_said_is_all_sent() -> None:
    """Envoy that says nothing sends everything, as it does by default."""
    assert decide(with_token(mint()), LOOKING).allowed
    assert decide(check_request(path="/public"), LOOKING).reason == "public_path"
