"""Which bundle may come into force after which: never an older one, never another one under the same number.

What was in force is kept for each signer apart: a number that a stolen key has signed is none any more once that key is
believed no longer, or whoever has it could shut out all that is signed with other keys from then on.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.bundle.message import Bundle, BundleError

#: Signers of which is kept what they have signed; those of which something was in force last.
_MOST_SIGNERS = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bundle a configuration wants: its name, and the least version that it takes."""

    name: str
    min_version: int


class Signed(NamedTuple):
    """What of a signer (the thumbprint of its key) was in force last: the version, and the digest of its content."""

    signer: bytes
    version: int
    digest: bytes


def with_signed(before: Collection[Signed], bundle: Bundle) -> tuple[Signed, ...]:
    """Return what was in force of each signer, now that ``bundle`` is."""
    others = [one for one in before if one.signer != bundle.signer]
    return (*others, Signed(bundle.signer, bundle.version, bundle.digest))[-_MOST_SIGNERS:]


def believed(before: Iterable[Signed], signers: Collection[bytes]) -> tuple[Signed, ...]:
    """Return what counts of it where ``signers`` are believed."""
    return tuple(one for one in before if one.signer in signers)


def require(bundle: Bundle, wanted: Wanted, before: Iterable[Signed], now: float) -> None:
    """Raise ``BundleError`` for a bundle that may not be in force at ``now``, after ``before``.

    ``before`` is what was in force, expired or not, of those who are believed. ``now`` is in seconds since the epoch.
    """
    if bundle.name != wanted.name:
        raise BundleError(f"is called {bundle.name!r:.100}, and {wanted.name!r} is wanted")
    if bundle.version < wanted.min_version:
        raise BundleError(f"has version {bundle.version}, and min_version is {wanted.min_version}")
    newest = max(before, key=lambda one: one.version, default=None)
    if newest is not None and bundle.version < newest.version:
        raise BundleError(f"has version {bundle.version}, which is older than {newest.version}")
    if newest is not None and bundle.version == newest.version and bundle.digest != newest.digest:
        raise BundleError(f"has version {bundle.version}, and another content than that had before; count it up")
    require_unexpired(bundle, now)


def require_unexpired(bundle: Bundle, now: float) -> None:
    """Raise ``BundleError`` for a bundle that has expired at ``now``, in seconds since the epoch."""
    if bundle.expires_at is not None and bundle.expires_at <= now:
        raise BundleError(f"has version {bundle.version}, and expired {now - bundle.expires_at:.0f} s ago")
