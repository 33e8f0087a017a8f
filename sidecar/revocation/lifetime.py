"""Until when an entry must last: as long as any token that it could meet (docs/decisions/0008).

- A key (kid) that must not be believed any more may sign tokens for ever, and dates them as it likes: no end.
- Of an issuer with ``max_lifetime_seconds`` that requires ``iat``, no token that was there when it was revoked is taken
  longer than that, clock skews added. The entry lasts so long, or longer where it says so.
- Of any other issuer nothing bounds a token but its own ``exp``: the entry has to say when it ends.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sidecar.core.revocation import Kind
from sidecar.core.trust import Issuer, Trust
from sidecar.revocation.alike import Alike, Times
from sidecar.revocation.entry import Entry, EntryError

#: Seconds that clocks may differ by where no configuration says so: the most that one can.
_LARGEST_SKEW = 300.0


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long tokens of one issuer can be good: ``longest`` is from the moment they exist, both skews included."""

    longest: float | None
    skew: float


#: Of an issuer that is not configured here.
_UNKNOWN = Lifetime(None, _LARGEST_SKEW)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Those of all issuers of one Trust."""

    of: Mapping[str, Lifetime]

    def exceed(self, other: "Lifetimes") -> bool:
        """Say whether entries that were good enough for ``other`` may end too early now."""
        return self.longer_by(other) > 0 or not self.of.keys() <= other.of.keys()

    def longer_by(self, other: "Lifetimes") -> float:
        """Return by how many seconds entries of ``other`` may end too early now; infinity where nobody knows."""
        both = ((lifetime, other.of[issuer]) for issuer, lifetime in self.of.items() if issuer in other.of)
        return max((_longer_by(now, before) for now, before in both), default=0.0)

    def joined(self, other: "Lifetimes") -> "Lifetimes":
        """Return lifetimes whose entries are good enough for both."""
        both = {issuer: _joined(lifetime, other.of.get(issuer, lifetime)) for issuer, lifetime in self.of.items()}
        return Lifetimes({**other.of, **both})

    def end_of(self, entry: Entry, now: float) -> float:
        """Return when ``entry`` ends, in seconds since the epoch, infinity for never; raises ``EntryError``."""
        if entry.name.kind is Kind.KEY:
            if entry.expires_at is not None:
                raise EntryError(
                    "a kid with 'expires_at': whoever has the key would be let in again then; leave it out, and remove "
                    "the key from the issuer's key set"
                )
            return math.inf
        lifetime = self.of.get(entry.name.issuer, _UNKNOWN)
        since = now if entry.revoked_at is None else entry.revoked_at
        given = -math.inf if entry.expires_at is None else entry.expires_at + lifetime.skew
        if lifetime.longest is not None:
            return max(given, max(since, entry.before or 0.0) + lifetime.longest)
        if entry.expires_at is None:
            raise EntryError(
                "has no 'expires_at', and nothing else says how long the issuer's tokens are good; give it (a token's "
                "own exp, or that of the longest token), or set max_lifetime_seconds and require iat for the issuer"
            )
        return given

    def ends_of(self, alike: Alike, now: float) -> Times:
        """Return when each ends, as ``end_of`` does; raises ``EntryError`` for all of them."""
        pattern, ends = alike.pattern, np.full(len(alike), -math.inf)
        # What makes something no entry is which members it has, and those are the same for all.
        if math.isinf(self.end_of(pattern, now)):
            return -ends
        lifetime = self.of.get(pattern.name.issuer, _UNKNOWN)
        expires = pattern.expires_at if alike.expires_at is None else alike.expires_at
        if expires is not None:
            ends = np.maximum(ends, expires + lifetime.skew)
        if lifetime.longest is not None:
            revoked = pattern.revoked_at if alike.revoked_at is None else alike.revoked_at
            ends = np.maximum(ends, (now if revoked is None else revoked) + lifetime.longest)
        return ends


def lifetimes(trust: Trust) -> Lifetimes:
    """Return how long the tokens of each issuer can be good."""
    return Lifetimes({name: _lifetime(issuer) for name, issuer in trust.issuers.items()})


def _lifetime(issuer: Issuer) -> Lifetime:
    if issuer.max_lifetime is None or "iat" not in issuer.required_claims:
        # Without iat the lifetime is counted from now: such a token comes to be taken shortly before its end, however
        # long ago it was issued.
        return Lifetime(None, issuer.clock_skew)
    # iat may be one skew ahead of us, and a token is taken for another one after its exp.
    return Lifetime(issuer.max_lifetime + 2 * issuer.clock_skew, issuer.clock_skew)


def _longer_by(now: Lifetime, before: Lifetime) -> float:
    skew = max(0.0, now.skew - before.skew)
    if before.longest is None:
        return skew  # who revoked had to say when the token ends
    return math.inf if now.longest is None else max(skew, now.longest - before.longest)


def _joined(one: Lifetime, other: Lifetime) -> Lifetime:
    skew = max(one.skew, other.skew)
    if one.longest is None or other.longest is None:
        return Lifetime(None, skew)
    return Lifetime(max(one.longest, other.longest), skew)
