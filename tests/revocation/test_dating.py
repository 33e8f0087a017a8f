"""When an entry of the feed was made, whoever's clock is wrong."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.revocation import Kind, Name
from sidecar.revocation.dating import MOST_BEHIND, Arrived, dated
from sidecar.revocation.entry import LATEST, Entry
from sidecar.revocation.lifetime import Lifetime, Lifetimes
from support.tokens import ISSUER, NOW

NAME = Name(ISSUER, Kind.SUBJECT, "alice")
BOUNDED, UNBOUNDED = Lifetimes({ISSUER: Lifetime(600.0, 30.0)}), Lifetimes({})
_TIMES = st.floats(1, LATEST)


def end(entry: Entry, added_at: float, now: float = NOW, *, is_new: bool = False) -> float:
    """Return when an entry ends that comes out of the feed."""
    return BOUNDED.end_of(dated(entry, Arrived(b"", added_at, is_new), now), now)


def test_poster_whose_clock_is_behind() -> None:
    """What was posted now by a clock that is half an hour behind lasts as long as a token that was issued now."""
    slow = Entry(NAME, revoked_at=NOW - 1800)
    assert end(slow, NOW) == NOW + 600
    given_end = Entry(NAME, expires_at=NOW - 1200, revoked_at=NOW - 1800)
    found = dated(given_end, Arrived(b"", NOW, is_new=True), NOW)
    assert UNBOUNDED.end_of(found, NOW) >= NOW + 600


def test_message_that_is_sent_again() -> None:
    """Whoever sends a signed message again, under whatever id, keeps nobody locked out for much longer."""
    entry = Entry(NAME, expires_at=NOW + 600, revoked_at=NOW)
    for added_at in (NOW + 1e6, NOW + 1e8, 1.8e16):
        for is_new in (True, False):
            assert end(entry, added_at, NOW + 1e6, is_new=is_new) <= NOW + 600 + MOST_BEHIND + 30


def test_without_a_time_it_is_as_old_as_its_message() -> None:
    """Read again in months it has been over for months; while the stream is followed it is of now."""
    entry = Entry(NAME)
    assert end(entry, NOW, NOW + 1e7) < NOW + 1000
    assert end(entry, NOW, NOW) == NOW + 600
    assert end(entry, NOW - 100, NOW, is_new=True) == NOW + 600
    assert end(entry, NOW + 1e9, NOW) == NOW + 600
    assert end(entry, 5.0, NOW, is_new=True) == NOW + 600


@given(revoked_at=_TIMES, expires_at=st.none() | _TIMES, added_at=st.floats(0, 2e16), now=_TIMES, is_new=st.booleans())
def test_no_entry_ends_earlier(
    revoked_at: float, expires_at: float | None, added_at: float, now: float, *, is_new: bool
) -> None:
    """Whatever Redis says, an entry with its own times lasts at least as long as they say."""
    entry = Entry(NAME, None, expires_at, revoked_at)
    assert end(entry, added_at, now, is_new=is_new) >= BOUNDED.end_of(entry, now)
