"""What a client sees of a denial: status, challenge and body, and nothing of how the sidecar is set up."""

import pytest

from sidecar.core.decision import Denial
from sidecar.core.reason import OUTCOMES, Outcome, Reason
from sidecar.core.response import deny
from support.answers import Answer, read_answer

_DENIALS = [reason for reason, outcome in OUTCOMES.items() if outcome.status >= 400]
_IDS = [reason.value for reason in _DENIALS]

_BY_POLICY = [Reason.ALLOWED, Reason.PUBLIC_PATH, Reason.CORS_PREFLIGHT, Reason.ALLOWED_BY_DEFAULT]
_ALLOWING = [*_BY_POLICY, Reason.ALLOWED_BY_HOOK, Reason.DRY_RUN]


def _answer(reason: Reason, request_id: str = "", scopes: tuple[str, ...] = ()) -> Answer:
    return read_answer(deny(Denial(reason, "secret-policy", "secret detail", scopes), request_id, "api"))


def test_every_reason_has_an_outcome() -> None:
    """The table has a row for each reason, and no other."""
    assert set(OUTCOMES) == set(Reason)


def test_six_reasons_allow() -> None:
    """Only six reasons come with a status below 400."""
    allowing = {reason for reason in Reason if OUTCOMES[reason].status < 400}
    assert allowing == set(_ALLOWING)


@pytest.mark.parametrize("reason", _ALLOWING)
def test_no_denial_that_allows(reason: Reason) -> None:
    """A denial cannot be made of a reason that allows."""
    with pytest.raises(ValueError, match="does not deny"):
        Denial(reason)


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_denied_in_every_respect(reason: Reason) -> None:
    """Every denial has the HTTP status of its row and a gRPC code that is not OK."""
    answer = _answer(reason)
    assert (answer.allowed, answer.status) == (False, OUTCOMES[reason].status)
    assert answer.rpc_code != 0


#: RFC 6750, section 3.1, and RFC 9449, section 7.1: the status that goes with each error code.
_STATUS = {"invalid_request": 400, "invalid_token": 401, "insufficient_scope": 403, "invalid_dpop_proof": 401}


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_error_codes(reason: Reason) -> None:
    """An RFC 6750 error comes with the status that the RFC gives it."""
    outcome = OUTCOMES[reason]
    assert outcome.error is None or _STATUS[outcome.error] == outcome.status


def _challenge(outcome: Outcome) -> str | None:
    if outcome.error:
        scheme = "DPoP" if outcome.error == "invalid_dpop_proof" else "Bearer"
        return f'{scheme} realm="api", error="{outcome.error}", error_description="{outcome.message}"'
    return 'Bearer realm="api"' if outcome.status == 401 else None


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_challenge(reason: Reason) -> None:
    """A 401 carries a challenge always, other denials where RFC 6750 has an error for them; without token no error."""
    assert _answer(reason).header("www-authenticate") == _challenge(OUTCOMES[reason])


def test_no_error_where_no_credential_was_sent() -> None:
    """A client that sent nothing is told the realm alone (RFC 6750, section 3.1)."""
    assert _answer(Reason.NO_CREDENTIAL).header("www-authenticate") == 'Bearer realm="api"'


def test_scopes_in_the_challenge() -> None:
    """A denial for lack of scopes says which."""
    challenge = _answer(Reason.INSUFFICIENT_SCOPE, scopes=("read", "write")).header("www-authenticate")
    assert challenge is not None
    assert challenge.endswith(', scope="read write"')


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_messages_are_quoted_strings(reason: Reason) -> None:
    """A message is ASCII that may stand between quotes in a header (RFC 6750, section 3)."""
    message = OUTCOMES[reason].message
    assert message.isascii()
    assert message.isprintable()
    assert not set('"\\') & set(message)


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_body(reason: Reason) -> None:
    """The body is JSON with reason and message, and the RFC 6750 error where there is one."""
    answer, outcome = _answer(reason), OUTCOMES[reason]
    error = {"error": outcome.error} if outcome.error else {}
    assert answer.json == {"reason": reason.value, "message": outcome.message, **error}
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.body.endswith("}\n")


def test_request_id() -> None:
    """The body repeats the request's id."""
    assert _answer(Reason.NO_CREDENTIAL, "r-1").json["request_id"] == "r-1"
    assert "request_id" not in _answer(Reason.NO_CREDENTIAL).json


@pytest.mark.parametrize("reason", _DENIALS, ids=_IDS)
def test_nothing_inside_is_shown(reason: Reason) -> None:
    """Neither the policy's name nor the detail reach the client; the policy's name reaches Envoy's log."""
    answer = _answer(reason)
    assert "secret" not in answer.body + repr(answer.headers)
    assert answer.metadata == {"decision": "deny", "reason": reason.value, "policy": "secret-policy"}
