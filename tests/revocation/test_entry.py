"""Entries: what is one, what is none, and until when it lasts."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.authenticate import believe, read_candidate
from sidecar.core.needs import Verdict
from sidecar.core.reason import Refusal
from sidecar.core.revocation import Kind, Name
from sidecar.core.strict_json import loads_object
from sidecar.revocation.entry import Entry, EntryError, read_entry
from sidecar.revocation.lifetime import Lifetimes, lifetimes
from support.tokens import ABSENT, ISSUER, NOW, claims, mint
from support.trusts import issuer, trust

_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
_TIMES = st.none() | st.integers(1, 2**32 - 2)
ENTRIES = st.one_of(
    st.builds(
        Entry,
        st.builds(Name, _TEXT, st.sampled_from([kind for kind in Kind if kind is not Kind.ISSUED_BEFORE]), _TEXT),
        before=st.none(),
        expires_at=_TIMES,
        revoked_at=_TIMES,
    ),
    st.builds(
        Entry,
        st.builds(Name, _TEXT, st.just(Kind.ISSUED_BEFORE), st.just("") | _TEXT),
        before=st.integers(1, 2**32 - 2),
        expires_at=_TIMES,
        revoked_at=_TIMES,
    ),
)


@given(ENTRIES)
def test_entry_survives_the_way(entry: Entry) -> None:
    """What is written as JSON is read as the same entry."""
    assert read_entry(loads_object(json.dumps(entry.members()).encode())) == entry


@given(
    st.dictionaries(_TEXT | st.sampled_from(["issuer", "jti", "sub", "expires_at"]), st.none() | st.integers() | _TEXT)
)
def test_any_object_is_an_entry_or_none(members: dict[str, Any]) -> None:
    """Reading any object gives an entry, or says what is wrong."""
    try:
        found = read_entry(members)
    except EntryError:
        return
    assert found.members() == {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": 5, "jti": "a"},
        {"issuer": "i" * 2049, "jti": "a"},
        {"issuer": "i", "jti": None},
        {"issuer": "i", "jti": ["a"]},
        {"issuer": "i", "jti": "a", "expires_at": True},
        {"issuer": "i", "jti": "a", "expires_at": "5"},
        {"issuer": "i", "jti": "a", "expires_at": math.nan},
        {"issuer": "i", "jti": "a", "expires_at": math.inf},
        {"issuer": "i", "jti": "a", "expires_at": 0},
        {"issuer": "i", "issued_before": -1},
        {"issuer": "i", "sub": "", "issued_before": 5},
    ],
)
def test_no_entry(members: dict[str, Any]) -> None:
    """Nothing is guessed at."""
    with pytest.raises(EntryError):
        read_entry(members)


BOUNDED = lifetimes(trust(issuers=[issuer(max_lifetime=600.0, required_claims=frozenset({"sub", "iat"}))]))
UNBOUNDED = lifetimes(trust())


def entry(kind: Kind = Kind.JTI, **fields: Any) -> Entry:  # noqa: ANN401 - any field
    return Entry(Name(ISSUER, kind, "x"), **fields)


def test_end_follows_from_the_issuer() -> None:
    """With a longest lifetime an entry needs no end, and has none before the longest token's, both skews included."""
    assert BOUNDED.end_of(entry(), NOW) == NOW + 660
    assert BOUNDED.end_of(entry(expires_at=NOW + 1), NOW) == NOW + 660
    assert BOUNDED.end_of(entry(expires_at=NOW + 1000), NOW) == NOW + 1030
    assert BOUNDED.end_of(entry(revoked_at=NOW - 100), NOW) == NOW + 560
    assert BOUNDED.end_of(entry(Kind.ISSUED_BEFORE, before=int(NOW) + 50), NOW) == NOW + 710


@pytest.mark.parametrize(
    "known",
    [
        UNBOUNDED,
        lifetimes(trust(issuers=[issuer(max_lifetime=600.0)])),
        lifetimes(trust(issuers=[issuer(issuer="https://other.example")])),
    ],
)
def test_end_must_be_given(known: Lifetimes) -> None:
    """Where nothing bounds a token, an entry says when it ends, or is none; a token without iat has no bound."""
    with pytest.raises(EntryError, match="give it"):
        known.end_of(entry(), NOW)
    assert known.end_of(entry(expires_at=NOW + 10), NOW) >= NOW + 40


@pytest.mark.parametrize("known", [BOUNDED, UNBOUNDED])
def test_key_is_revoked_for_good(known: Lifetimes) -> None:
    """Whoever has a key can sign for ever."""
    assert known.end_of(entry(Kind.KEY), NOW) == math.inf
    with pytest.raises(EntryError, match="leave it out"):
        known.end_of(entry(Kind.KEY, expires_at=NOW + 10), NOW)


@given(
    issued=st.integers(int(NOW) - 2000, int(NOW) + 30),
    lifetime=st.integers(1, 2000),
    later=st.integers(0, 3000),
    kind=st.sampled_from([Kind.JTI, Kind.SUBJECT, Kind.SESSION]),
)
def test_no_token_outlives_an_entry(issued: int, lifetime: int, later: int, kind: Kind) -> None:
    """A token that was there when it was revoked is not good by itself at any time after the entry's end."""
    in_force = trust(issuers=[issuer(max_lifetime=600.0, required_claims=frozenset({"sub", "iat"}))])
    end = lifetimes(in_force).end_of(entry(kind), NOW)
    compact = mint(claims(iat=issued, exp=issued + lifetime)).encode()
    with pytest.raises(Refusal):
        read_candidate(compact, in_force, end + later)


def test_token_without_iat_is_why_that_must_be_required() -> None:
    """It becomes good shortly before its end, however long ago it was issued."""
    in_force = trust(issuers=[issuer(max_lifetime=600.0)])
    compact = mint(claims(iat=ABSENT, exp=NOW + 10_000)).encode()
    with pytest.raises(Refusal):
        read_candidate(compact, in_force, NOW)
    candidate = read_candidate(compact, in_force, NOW + 9_500)
    verdict = Verdict(candidate.token_digest, candidate.trust_digest, valid=True)
    assert believe(candidate, verdict, NOW + 9_500).subject == "alice"


def test_longer_lifetimes_are_seen() -> None:
    """Entries are read again where tokens may live longer than these were made for."""
    longer = lifetimes(trust(issuers=[issuer(max_lifetime=900.0, required_claims=frozenset({"sub", "iat"}))]))
    assert longer.exceed(BOUNDED)
    assert UNBOUNDED.exceed(BOUNDED)
    assert not BOUNDED.exceed(longer)
    assert not BOUNDED.exceed(BOUNDED)
    assert not BOUNDED.exceed(UNBOUNDED)
