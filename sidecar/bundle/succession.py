"""Which bundle may come into force after which: never an older one, never another one under the same number."""

from dataclasses import dataclass

from sidecar.bundle.message import Bundle, BundleError


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bundle a configuration wants: its name, and the least version that it takes."""

    name: str
    min_version: int


def require(bundle: Bundle, wanted: Wanted, before: Bundle | None, now: float) -> None:
    """Raise ``BundleError`` for a bundle that may not be in force at ``now``, after ``before``.

    ``before`` is what was in force last, expired or not. ``now`` is in seconds since the epoch.
    """
    if bundle.name != wanted.name:
        raise BundleError(f"is called {bundle.name!r:.100}, and {wanted.name!r} is wanted")
    if bundle.version < wanted.min_version:
        raise BundleError(f"has version {bundle.version}, and min_version is {wanted.min_version}")
    if before is not None and bundle.version < before.version:
        raise BundleError(f"has version {bundle.version}, which is older than {before.version}")
    if before is not None and bundle.version == before.version and bundle.digest != before.digest:
        raise BundleError(f"has version {bundle.version}, and another content than that had before; count it up")
    require_unexpired(bundle, now)


def require_unexpired(bundle: Bundle, now: float) -> None:
    """Raise ``BundleError`` for a bundle that has expired at ``now``, in seconds since the epoch."""
    if bundle.expires_at is not None and bundle.expires_at <= now:
        raise BundleError(f"has version {bundle.version}, and expired {now - bundle.expires_at:.0f} s ago")
