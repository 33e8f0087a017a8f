"""So many requests a second for each subject, counted for all server processes together.

A token bucket a subject, in a file in memory that all processes map. Each touches it under a lock of the kernel's,
which is gone with its process, however that ends. Who comes without a token is counted by address.

    ┌──────────────────────┬────────────┬─────────────────┐
    │ BLAKE2b of whom, 16  │ tokens f64 │ filled at, f64  │   WAYS of these in a set, SETS sets
    └──────────────────────┴────────────┴─────────────────┘
"""

import fcntl
import mmap
import os
import struct
import time
from hashlib import blake2b
from pathlib import Path

from sidecar.hooks import Decision, Identity, Request, deny

RATE, BURST = 10.0, 20.0  #: requests a second, and at once
SETS, WAYS = 4096, 8  #: for 32768 subjects at a time; the one longest unheard of makes room
_SLOT = struct.Struct("=16sdd")
_SET_BYTES = WAYS * _SLOT.size


class Buckets:
    """The buckets in a file; times are CLOCK_MONOTONIC, in seconds. Raises ``OSError``."""

    def __init__(self, path: Path) -> None:
        # Only one of our own: a file of somebody else's would be theirs to change.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_uid != os.geteuid():
            raise PermissionError(f"{path} is another user's")
        os.ftruncate(self._file, SETS * _SET_BYTES)
        self._memory = mmap.mmap(self._file, SETS * _SET_BYTES)

    def take(self, whom: str, now: float) -> bool:
        """Take one token of ``whom``; say whether there was one."""
        name = blake2b(whom.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        start = int.from_bytes(name[:4], "big") % SETS * _SET_BYTES
        fcntl.lockf(self._file, fcntl.LOCK_EX, _SET_BYTES, start)
        try:
            return self._take(start, name, now)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _SET_BYTES, start)

    def _take(self, start: int, name: bytes, now: float) -> bool:
        places = range(start, start + _SET_BYTES, _SLOT.size)
        slots = [_SLOT.unpack_from(self._memory, place) for place in places]
        found = next((number for number, slot in enumerate(slots) if slot[0] == name), None)
        if found is None:
            found = min(range(WAYS), key=lambda number: slots[number][2])
            tokens = BURST
        else:
            _, left, filled_at = slots[found]
            tokens = min(BURST, left + max(0.0, now - filled_at) * RATE)
        allowed = tokens >= 1
        _SLOT.pack_into(self._memory, places[found], name, tokens - 1 if allowed else tokens, now)
        return allowed


def _path() -> Path:
    named = os.environ.get("RATE_LIMIT_FILE")
    return Path(named) if named else Path("/dev/shm") / f"authz-rate-limit-{os.geteuid()}"  # noqa: S108 - see Buckets


_buckets = Buckets(_path())


def check(request: Request, identity: Identity | None) -> Decision | None:
    """Deny who is over the limit, with 429 (RFC 6585, section 4)."""
    whom = f"ip {request.source}" if identity is None else f"id {identity.principal or identity.issuer}"
    if _buckets.take(whom, time.monotonic()):
        return None
    return deny("over the rate limit", status=429, message="too many requests; try again in a moment")
