"""The snapshot's bytes, in and out. Pure; all numbers big end first.

     0        8                40        48       56                              n - 32      n
     ┌────────┬────────────────┬─────────┬────────┬──────────────────────────────┬───────────┐
     │ magic  │  Trust digest  │ made at │ number │ entries, one behind the other │   seal    │
     │        │   32 bytes     │   f64   │  u64   │ expiry f64 · length u16 ·     │ 32 bytes  │
     │        │                │         │        │ key 32 bytes · value          │           │
     └────────┴────────────────┴─────────┴────────┴──────────────────────────────┴───────────┘
              └──────────────── keyed BLAKE2b (RFC 7693, section 2.9) over all before ────────┘

Times are seconds since the epoch. Values are the cache's own records (``engine/records.py``).
"""

import hmac
import math
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

_MAGIC: Final = b"AUTHZWU1"
_HEAD: Final = Struct(">8s32sdQ")
_ENTRY: Final = Struct(">dH32s")
_SEAL_BYTES: Final = 32
#: Seconds by which the clock may have been ahead when it was made.
_SKEW: Final = 60.0


class SnapshotError(ValueError):
    """A snapshot that is not believed. The text says why, and nothing of what is in it."""


class Remembered(NamedTuple):
    """One entry of the cache."""

    key: bytes  #: the token's keyed digest, 32 bytes
    value: bytes
    expires_at: float


def seal(entries: Iterable[Remembered], trust_digest: bytes, now: float, key: bytes) -> bytes:
    """Return the snapshot of ``entries``, made at ``now``."""
    parts = [b"".join((_ENTRY.pack(until, len(value), name), value)) for name, value, until in entries]
    body = b"".join((_HEAD.pack(_MAGIC, trust_digest, now, len(parts)), *parts))
    return body + _sealed(body, key)


def unseal(data: bytes, trust_digest: bytes, now: float, key: bytes) -> Iterator[Remembered]:
    """Return the entries whose time is not over at ``now``.

    Raises ``SnapshotError``, before there is any, for what was not sealed with ``key``, of another Trust, or of another
    time.
    """
    view = memoryview(data)
    if len(data) < _HEAD.size + _SEAL_BYTES or not hmac.compare_digest(
        _sealed(view[:-_SEAL_BYTES], key), data[-_SEAL_BYTES:]
    ):
        raise SnapshotError("is not sealed with our key: altered, cut off, of another key, or no snapshot")
    magic, digest, made_at, number = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise SnapshotError("was made by another version")
    if digest != trust_digest:
        raise SnapshotError("was made under another configuration, or other keys")
    if not made_at <= now + _SKEW:
        raise SnapshotError("is from the future: a clock was ahead, or is behind")
    return _live(data, number, now)


def _live(data: bytes, number: int, now: float) -> Iterator[Remembered]:
    # Sealed, so it is what ``seal`` wrote; still nothing is taken that ends beyond what there is.
    at, end = _HEAD.size, len(data) - _SEAL_BYTES
    for _ in range(number):
        expires_at, length, key = _ENTRY.unpack_from(data, at)
        begin, at = at + _ENTRY.size, at + _ENTRY.size + length
        if at > end:
            return
        if now < expires_at < math.inf:
            yield Remembered(key, data[begin:at], expires_at)


def _sealed(body: bytes | memoryview, key: bytes) -> bytes:
    return blake2b(body, digest_size=_SEAL_BYTES, key=key).digest()
