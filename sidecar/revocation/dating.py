"""When an entry of the feed was made, by clocks that may be wrong: who posted it, Redis', and our own.

An entry must outlast every token that was there when it was made, by *our* clock, since that judges both. Whoever posts
stamps it with ``revoked_at``, and signs that. Were his clock behind, the entry would end that much too early. Redis
gives every message a time, too, its id, but that is signed by nobody: who can write to Redis can send an old message
again under a new id, and must not be able to keep somebody locked out for ever. So

- of an entry with ``revoked_at`` its times are moved on by what they are behind the id's, up to ``MOST_BEHIND``, and
  never back. Sending it again gains that much, once, since it is counted from what is signed.
- of an entry without, ``revoked_at`` is the id's time and ``_APART``, no later than now: read again in months, it is as
  old as it is. Where it comes while we follow the stream it was made just now, whatever Redis' clock says.
"""

from typing import NamedTuple

from sidecar.revocation.entry import LATEST, Entry

#: Seconds that the clock of whoever posts may be behind Redis'.
MOST_BEHIND = 3600.0
#: Seconds that Redis' clock may be behind ours.
_APART = 300.0


class Arrived(NamedTuple):
    """A message as it comes out of the stream. ``data`` is ``None`` where an entry of the stream has none."""

    data: bytes | None
    added_at: float  #: seconds since the epoch, by its id
    is_new: bool  #: all before it had been read when it came


def dated(entry: Entry, arrived: Arrived, now: float) -> Entry:
    """Return an entry with the time of which its end is to be counted from; ``now`` is in seconds since the epoch."""
    if entry.revoked_at is None:
        return entry if arrived.is_new else entry._replace(revoked_at=min(arrived.added_at + _APART, now))
    behind = min(arrived.added_at - entry.revoked_at, MOST_BEHIND)
    if behind <= 0:
        return entry
    expires_at = None if entry.expires_at is None else min(entry.expires_at + behind, LATEST)
    return entry._replace(revoked_at=entry.revoked_at + behind, expires_at=expires_at)
