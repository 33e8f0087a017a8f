"""The keys that warm-up needs, made of one secret."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

LEAST_KEY_BYTES: Final = 32
#: As BLAKE2b takes them (RFC 7693, section 2.1).
MOST_KEY_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class WarmUpKeys:
    """``cache`` is for the digests of tokens, the same at each start; ``seal`` for the snapshot. 32 bytes each."""

    cache: bytes = field(repr=False)
    seal: bytes = field(repr=False)


def keys_of(secret: bytes) -> WarmUpKeys:
    """Return the keys, of which neither tells anything of the other or of ``secret`` (32 to 64 bytes)."""
    return WarmUpKeys(_made(secret, b"cache"), _made(secret, b"snapshot"))


def _made(secret: bytes, purpose: bytes) -> bytes:
    return blake2b(b"ext-authz-sidecar warm-up", digest_size=32, key=secret, person=purpose).digest()
