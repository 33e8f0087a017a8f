"""One entry, as it stands in a file's line, in a posted body and in the feed.

    {"issuer": "https://idp.example", "jti": "8f14e45f", "expires_at": 1790000000}
    {"issuer": "https://idp.example", "sub": "alice"}                                 and "sid", "kid"
    {"issuer": "https://idp.example", "issued_before": 1789990000}                    all tokens of the issuer
    {"issuer": "https://idp.example", "sub": "alice", "issued_before": 1789990000}    those of one subject

Times are seconds since the epoch (NumericDate, RFC 7519). ``expires_at`` and ``revoked_at`` (when it was; default: now)
may be left out; ``lifetime.py`` says what follows.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from sidecar.core.claims import LONGEST_NAME
from sidecar.core.revocation import Kind, Name
from sidecar.core.strict_json import Json

#: Characters of an issuer, or of a value.
MAX_TEXT = LONGEST_NAME
#: 2106: what the list can hold. Most times beyond are in milliseconds.
LATEST = 2**32 - 2
_VALUES = {kind.value: kind for kind in (Kind.JTI, Kind.SUBJECT, Kind.SESSION, Kind.KEY)}
_TIMES = ("issued_before", "expires_at", "revoked_at")
_MEMBERS = frozenset(("issuer", *_VALUES, *_TIMES))


class EntryError(ValueError):
    """No entry. The text says what is wrong with it and what to do; it names no value but times."""


class Entry(NamedTuple):
    """What is revoked; a tuple, since a file may have a million.

    ``before`` is for cut-offs alone. ``revoked_at``: ``None`` is now.
    """

    name: Name
    before: int | None = None
    expires_at: float | None = None
    revoked_at: float | None = None

    def members(self) -> dict[str, Json]:
        """Return the JSON object."""
        name, found = self.name, {"issuer": self.name.issuer}
        if name.kind is not Kind.ISSUED_BEFORE:
            found[name.kind.value] = name.value
        elif name.value:
            found[Kind.SUBJECT.value] = name.value
        times = {"issued_before": self.before, "expires_at": self.expires_at, "revoked_at": self.revoked_at}
        return found | {name: value for name, value in times.items() if value is not None}


def read_entry(members: Mapping[str, Json]) -> Entry:
    """Read a JSON object as an entry; raises ``EntryError``."""
    if not _MEMBERS.issuperset(members):
        raise EntryError(f"has a member that is none of {', '.join(sorted(_MEMBERS))}")
    issuer = _text(members, "issuer")
    expires_at, revoked_at = _time(members, "expires_at"), _time(members, "revoked_at")
    before = _time(members, "issued_before")
    given = [name for name in _VALUES if name in members]
    if before is not None and given in ([], [Kind.SUBJECT.value]):
        subject = _text(members, given[0]) if given else ""
        name = Name(issuer, Kind.ISSUED_BEFORE, subject)
        return Entry(name, math.ceil(before), expires_at, revoked_at)
    if before is not None or len(given) != 1:
        raise EntryError(
            f"has {', '.join((*given, *(['issued_before'] if before is not None else []))) or 'nothing to revoke'}; "
            "give exactly one of jti, sub, sid, kid and issued_before, which may have a sub beside it"
        )
    return Entry(Name(issuer, _VALUES[given[0]], _text(members, given[0])), None, expires_at, revoked_at)


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise EntryError(f"'{name}' is {'missing' if value is None else 'no'} text of 1 to {MAX_TEXT} characters")
    return value


def _time(members: Mapping[str, Json], name: str) -> float | None:
    if name not in members:
        return None
    value = members[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LATEST:
        raise EntryError(f"'{name}' is no time in seconds since 1970 (and not milliseconds), as 1790000000")
    return value
