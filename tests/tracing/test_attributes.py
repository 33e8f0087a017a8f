"""What a span tells of a check, and what it never tells."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import response
from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.needs import Decided
from sidecar.core.reason import OUTCOMES, Reason
from sidecar.tracing.attributes import CALLED, NAMES, attributes_of, is_fault
from sidecar.tracing.told import Told
from support.checks import begin, finish
from support.requests import check_request, with_token
from support.telling import hide
from support.tokens import ISSUER, mint
from support.trusts import ALLOW_ALL, policy_set, trust

_ALL = frozenset(Told)
_TOKEN = mint()
_REQUEST = with_token(
    _TOKEN,
    method="POST",
    path="/orders/1?secret=hunter2",
    host="api.example:8080",
    headers={"x-request-id": "id-1"},
)


_ALLOWED = finish(begin(_REQUEST, trust(policy_set(ALLOW_ALL))))


def _denied(reason: Reason, policy: str | None = None) -> Decided:
    denial = Denial(reason, policy)
    return Decided(denial, response.deny(denial, "", "realm"))


def test_of_an_allowed_check() -> None:
    """All that may be told, by its names; the query is not in the path."""
    assert attributes_of(_ALLOWED, _REQUEST, _ALL, hide) == dict(CALLED) | {
        "authz.outcome": "allowed",
        "authz.reason": _ALLOWED.decision.reason.value,
        "authz.policy": "all",
        "authz.issuer": ISSUER,
        "http.request.method": "POST",
        "http.request.header.host": "api.example:8080",
        "url.path": "/orders/1",
        "enduser.id": "alice",
        "authz.request_id": "id-1",
    }


@pytest.mark.parametrize("reason", [one for one in Reason if OUTCOMES[one].status >= 400])
def test_of_a_denied_check(reason: Reason) -> None:
    """With the client's status."""
    found = attributes_of(_denied(reason, "some"), _REQUEST, _ALL, hide)
    assert found["authz.outcome"] == "denied"
    assert found["authz.reason"] == reason.value
    assert found["authz.policy"] == "some"
    assert found["http.response.status_code"] == OUTCOMES[reason].status
    assert "authz.issuer" not in found
    whose = replace(_denied(reason), whose="https://idp.example")
    assert attributes_of(whose, _REQUEST, _ALL, hide)["authz.issuer"] == "https://idp.example"
    assert is_fault(Denial(reason)) is (OUTCOMES[reason].status >= 500)


def test_of_a_check_that_passes_in_dry_run() -> None:
    """What would have been decided."""
    trial = Trial(allowed=False, reason=Reason.NO_POLICY_ALLOWS, policy=None)
    passed = Permit(Reason.DRY_RUN, None, None, (), trial)
    found = attributes_of(Decided(passed, b""), _REQUEST, _ALL, hide)
    assert (found["authz.outcome"], found["authz.reason"]) == ("would_deny", "no_policy_allows")
    assert not is_fault(passed)


@given(st.frozensets(st.sampled_from(Told)))
def test_only_what_is_asked_for(told: frozenset[Told]) -> None:
    """And never the token, the query or another header."""
    for decided in (_ALLOWED, _denied(Reason.TOKEN_EXPIRED)):
        found = attributes_of(decided, _REQUEST, told, hide)
        assert found.keys() <= CALLED.keys() | {NAMES[one] for one in told}
        text = json.dumps(found)
        assert not any(part in text for part in (*_TOKEN.split("."), "hunter2", "secret", "authorization"))


def test_no_secret_wherever_it_was_written() -> None:
    """A client that writes its token, a password or a session where it does not belong has none of it told."""
    raw = with_token(
        _TOKEN,
        path=f"/files/{_TOKEN}/x;jsessionid=0a1b2c#hunter2",
        host="user:hunter2@api.example",
        headers={"x-request-id": _TOKEN[:100]},
    )
    found = attributes_of(_denied(Reason.HOST_NOT_NORMAL), raw, _ALL, hide)
    assert found["url.path"] == "/files/***/x;jsessionid=***"
    assert found["http.request.header.host"] == "***@api.example"
    assert found["authz.request_id"] == "***.***"


@pytest.mark.parametrize("raw", [b"", b"\xff", check_request(method="")])
def test_of_what_cannot_be_read(raw: bytes) -> None:
    """What the decision says is told; of the request there is nothing."""
    found = attributes_of(_denied(Reason.UNREADABLE_REQUEST), raw, _ALL, hide)
    assert found["authz.reason"] == "unreadable_request"
    assert not found.keys() & {"http.request.method", "url.path"}


@given(st.binary(max_size=200))
def test_any_bytes_can_be_sent(path: bytes) -> None:
    """A path of bytes that are no UTF-8 becomes text that can be encoded, and is bounded."""
    raw = check_request(header_map=[(":path", b"/" + path * 10)])
    found = str(attributes_of(_denied(Reason.PATH_NOT_NORMAL), raw, _ALL, hide)["url.path"])
    assert len(found) <= 1024
    assert found.encode().decode() == found
