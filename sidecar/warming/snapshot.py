"""The snapshot's bytes, in and out. Pure; all numbers big end first.

     0        8                40        48                              n - 32      n
     ┌────────┬────────────────┬─────────┬───────────────────────────────┬───────────┐
     │ magic  │  Trust digest  │ made at │ entries, one behind the other │   seal    │
     │        │   32 bytes     │   f64   │ expiry f64 · length u16 ·     │ 32 bytes  │
     │        │                │         │ key 32 bytes · value          │           │
     └────────┴────────────────┴─────────┴───────────────────────────────┴───────────┘
              keyed BLAKE2b (RFC 7693, section 2.9) over all before: ────┘

Times are seconds since the epoch. Values are the cache's own records (``engine/records.py``).
"""

import hmac
import math
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain
from struct import Struct
from typing import Final, NamedTuple

_MAGIC: Final = b"AUTHZWU1"
_HEAD: Final = Struct(">8s32sd")
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


def seal(entries: Iterable[Remembered], trust_digest: bytes, now: float, key: bytes) -> Iterator[bytes]:
    """Give the snapshot of ``entries``, made at ``now``, part by part: there are never two of a large cache."""
    hashed = blake2b(digest_size=_SEAL_BYTES, key=key)
    head = _HEAD.pack(_MAGIC, trust_digest, now)
    for part in chain((head,), map(_packed, entries)):
        hashed.update(part)
        yield part
    yield hashed.digest()


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
    magic, digest, made_at = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise SnapshotError("was made by another version")
    if digest != trust_digest:
        raise SnapshotError("was made under another configuration, or other keys")
    if not made_at <= now + _SKEW:
        raise SnapshotError("is from the future: a clock was ahead, or is behind")
    return _live(data, now)


def _live(data: bytes, now: float) -> Iterator[Remembered]:
    # Sealed, so it is what ``seal`` wrote; still nothing is taken that ends beyond what there is.
    at, end = _HEAD.size, len(data) - _SEAL_BYTES
    while at + _ENTRY.size <= end:
        expires_at, length, key = _ENTRY.unpack_from(data, at)
        begin, at = at + _ENTRY.size, at + _ENTRY.size + length
        if at > end:
            return
        if now < expires_at < math.inf:
            yield Remembered(key, data[begin:at], expires_at)


def _packed(entry: Remembered) -> bytes:
    return _ENTRY.pack(entry.expires_at, len(entry.value), entry.key) + entry.value


def _sealed(body: bytes | memoryview, key: bytes) -> bytes:
    return blake2b(body, digest_size=_SEAL_BYTES, key=key).digest()
