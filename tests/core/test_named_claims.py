"""``iss``, ``aud``, ``sub``, ``jti``, the required claims and the scopes."""

import pytest

from sidecar.core.claims import audiences, issuer_of, scopes, session_of, validate
from sidecar.core.reason import Reason, Refusal
from sidecar.revocation.entry import read_entry
from support.tokens import ABSENT, AUDIENCE, ISSUER, NOW, claims
from support.trusts import issuer


def _reason(required: frozenset[str] = frozenset({"sub"}), /, **changes: object) -> Reason | None:
    try:
        validate(claims(**changes), issuer(required_claims=required), NOW)
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        (AUDIENCE, None),
        ([AUDIENCE], None),
        (["other", AUDIENCE], None),
        ("other", Reason.WRONG_AUDIENCE),
        (["other"], Reason.WRONG_AUDIENCE),
        ([], Reason.WRONG_AUDIENCE),
        ("", Reason.WRONG_AUDIENCE),
        ([[AUDIENCE]], Reason.CLAIM_INVALID),
        ([AUDIENCE, 1], Reason.CLAIM_INVALID),
        ([AUDIENCE, None], Reason.CLAIM_INVALID),
        ({AUDIENCE: AUDIENCE}, Reason.CLAIM_INVALID),
        (1, Reason.CLAIM_INVALID),
        (True, Reason.CLAIM_INVALID),
        (None, Reason.CLAIM_MISSING),
        (ABSENT, Reason.CLAIM_MISSING),
        (AUDIENCE.upper(), Reason.WRONG_AUDIENCE),
        (AUDIENCE + " ", Reason.WRONG_AUDIENCE),
        (AUDIENCE + "-2", Reason.WRONG_AUDIENCE),
        (AUDIENCE[:-1], Reason.WRONG_AUDIENCE),
        (f"{AUDIENCE} other", Reason.WRONG_AUDIENCE),
    ],
    ids=repr,
)
def test_audience(audience: object, reason: Reason | None) -> None:
    """One of the configured audiences must be in ``aud``, exactly; ``aud`` is a string or a list of strings."""
    assert _reason(aud=audience) is reason


def test_any_configured_audience_will_do() -> None:
    """An issuer with several audiences takes a token for any of them, and the identity keeps all it names."""
    several = issuer(audiences=frozenset({"a", "b"}))
    validate(claims(aud=["b", "c"]), several, NOW)
    assert audiences(claims(aud=["b", "c"])) == ("b", "c")


@pytest.mark.parametrize("name", ["sub", "jti"])
@pytest.mark.parametrize("value", ["", 1, 0, True, [], ["alice"], {}, {"a": "b"}, 1.5], ids=repr)
def test_not_a_name(name: str, value: object) -> None:
    """A ``sub`` or ``jti`` that is not a string with content is of the wrong form."""
    assert _reason(**{name: value}) is Reason.CLAIM_INVALID


@pytest.mark.parametrize("value", ["", True, False, [], ["s"], {}, {"a": "b"}, 1.0, 1.5, 1e300], ids=repr)
def test_session_that_nobody_could_revoke(value: object) -> None:
    """A ``sid`` that has no one form as text is of the wrong form, required or not."""
    assert _reason(sid=value) is Reason.CLAIM_INVALID


@pytest.mark.parametrize("name", ["sub", "jti", "sid"])
def test_name_that_no_entry_could_have(name: str) -> None:
    """What is longer than an entry of the denylist may name is refused; so no token is out of its reach."""
    assert _reason(**{name: "a" * 2048}) is None
    assert _reason(**{name: "a" * 2049}) is Reason.CLAIM_INVALID
    read_entry({"issuer": "https://idp.example", name: "a" * 2048})


@pytest.mark.parametrize(
    ("value", "session"), [(ABSENT, None), (None, None), ("s", "s"), ("0", "0"), (0, "0"), (-7, "-7")], ids=repr
)
def test_session(value: object, session: str | None) -> None:
    """A string, a whole number as its digits, or none."""
    assert _reason(sid=value) is None
    assert session_of(claims(sid=value)) == session


@pytest.mark.parametrize("name", ["sub", "jti"])
def test_null_is_no_way_around(name: str) -> None:
    """A null ``sub`` or ``jti`` is refused also where the claim is not required."""
    assert _reason(frozenset(), **{name: None}) is Reason.CLAIM_INVALID


def test_subject_is_optional_where_it_is_not_required() -> None:
    """A token without subject passes where the issuer does not require one."""
    assert _reason(frozenset(), sub=ABSENT) is None
    assert _reason(sub=ABSENT) is Reason.CLAIM_MISSING


@pytest.mark.parametrize(
    ("value", "reason"),
    [(ABSENT, Reason.CLAIM_MISSING), (None, Reason.CLAIM_MISSING), (False, None), (0, None), ("", None), ([], None)],
    ids=repr,
)
def test_required_claim(value: object, reason: Reason | None) -> None:
    """A required claim must be there and not null; any other value is a value."""
    assert _reason(frozenset({"tenant"}), tenant=value) is reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (ABSENT, Reason.CLAIM_MISSING),
        (None, Reason.CLAIM_MISSING),
        (1, Reason.CLAIM_INVALID),
        ([ISSUER], Reason.CLAIM_INVALID),
        ({ISSUER: 1}, Reason.CLAIM_INVALID),
        ("", Reason.UNKNOWN_ISSUER),
        (ISSUER + "/", Reason.UNKNOWN_ISSUER),
        (ISSUER.upper(), Reason.UNKNOWN_ISSUER),
        (" " + ISSUER, Reason.UNKNOWN_ISSUER),
    ],
    ids=repr,
)
def test_issuer(name: object, reason: Reason) -> None:
    """``iss`` names a configured issuer exactly, or the token is refused."""
    with pytest.raises(Refusal) as refused:
        issuer_of(claims(iss=name), {ISSUER: issuer()})
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, set()),
        ({"scope": "read write"}, {"read", "write"}),
        ({"scope": " read  write "}, {"read", "write"}),
        ({"scope": ""}, set()),
        ({"scp": ["read", "write"]}, {"read", "write"}),
        ({"scp": "read"}, {"read"}),
        ({"scope": "read", "scp": ["write"]}, {"read", "write"}),
        ({"scope": ["read", 1, None, ["admin"]]}, {"read"}),
        ({"scope": 1, "scp": {"admin": True}}, set()),
        ({"scope": True}, set()),
    ],
)
def test_scopes(given: dict[str, object], found: set[str]) -> None:
    """Scopes are the words of ``scope`` and ``scp`` and the strings of a list; other values are none."""
    assert scopes(claims(**given)) == found


def test_a_scope_has_no_space() -> None:
    """A list member with a space is not a scope (RFC 6749, section 3.3): joined by spaces it would read as two."""
    with pytest.raises(Refusal) as refused:
        scopes(claims(scp=["read admin"]))
    assert refused.value.reason is Reason.CLAIM_INVALID
