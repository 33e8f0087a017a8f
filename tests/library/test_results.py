"""What comes of a token is values: a refusal is false, claims cannot be changed, and no token is shown."""

import traceback
from typing import Any

import pytest

from sidecar import Authenticated, Authenticator, Reason, Refused
from support.authenticators import NOW, settings, token
from support.tokens import ISSUER

_NESTED: dict[str, Any] = {"roles": ["a", {"deep": [1]}], "org": {"id": 7}}


@pytest.fixture(scope="module")
def found() -> Authenticated:
    """Return one that has everything."""
    with Authenticator(settings()) as made:
        result = made.authenticate_sync(token(scope="x y", **_NESTED))
    assert isinstance(result, Authenticated)
    return result


def test_identity(found: Authenticated) -> None:
    """Who it is, and until when."""
    assert (found.issuer, found.subject, found.principal) == (ISSUER, "alice", f"{ISSUER}/alice")
    assert (found.audiences, found.scopes, found.expires_at) == (("orders",), frozenset({"x", "y"}), NOW + 86_400)
    assert found.ok is bool(found) is True


def test_claims_are_read_only(found: Authenticated) -> None:
    """Down to the bottom, since they are remembered for the next time."""
    assert found.claims["roles"] == ("a", {"deep": (1,)})
    with pytest.raises(TypeError):
        found.claims["sub"] = "mallory"  # type: ignore[index]
    with pytest.raises(TypeError):
        found.claims["org"]["id"] = 8
    with pytest.raises(TypeError):
        found.claims["roles"][1]["deep"] = 2
    with pytest.raises(AttributeError):
        found.subject = "mallory"  # type: ignore[misc]


@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.ALLOWED])
def test_refusals_are_false(reason: Reason) -> None:
    """Whoever only asks whether there is a result lets nobody in."""
    refused = Refused(reason)
    assert not refused
    assert not refused.ok


def test_what_a_client_is_told() -> None:
    """Status, RFC 6750's code and a text, as in the server."""
    assert (Refused(Reason.BAD_SIGNATURE).status, Refused(Reason.BAD_SIGNATURE).error) == (401, "invalid_token")
    assert Refused(Reason.NO_CREDENTIAL).error is None
    assert Refused(Reason.KEYS_UNAVAILABLE).status == 503


def test_no_token_is_shown(found: Authenticated, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a repr nor in a log nor in an error; nor are claims."""
    good, bad = token(scope="geheim"), token("geheim") + "A"
    with Authenticator(settings()) as made:
        shown = [repr(made), repr(made.authenticate_sync(good)), repr(made.authenticate_sync(bad)), repr(found)]
        with pytest.raises(TypeError) as error:
            made.authenticate_sync([good])  # type: ignore[arg-type]
        shown += traceback.format_exception_only(error.value)
        shown += [made.metrics(), repr(made.health()), repr(made.report()), repr(made._now)]
    shown += [record.getMessage() for record in caplog.records]
    for text in shown:
        for secret in (*good.split("."), *bad.split(".")[1:]):
            assert secret not in text
        assert "deep" not in text


def test_other_types_are_misuse() -> None:
    """A token is text, bytes or nothing; in a batch too, before anybody is asked."""
    with Authenticator(settings()) as made:
        with pytest.raises(TypeError, match="this is int"):
            made.authenticate_sync(7)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="this is tuple"):
            made.authenticate_batch_sync([token(), (1,)])  # type: ignore[list-item]
