"""The identities that all server processes of a node share."""

from hashlib import blake2b

from sidecar.core.cache import Refused
from sidecar.core.identity import Identity
from sidecar.core.trust import Trust
from sidecar.engine.records import decode, encode
from sidecar.memory.cache import SharedCache

#: Seconds. A client that repeats a refused token does so at once and often.
REFUSAL_LIFETIME = 60.0
KEY_BYTES = 32


class SharedTokenCache:
    """A ``TokenCache`` in shared memory.

    ``secret``, 32 random bytes, is the same for all processes of one start and is not in the segment. A token's key is
    keyed BLAKE2b (RFC 7693, section 2.9) of all of it, compared in full: nobody who does not know the secret can find
    two tokens with one key, nor aim at a bucket. What the token was verified under is in the record (``records.py``),
    so that a key set that changes takes along what was verified under the keys that are gone, and nothing else.
    """

    def __init__(self, shared: SharedCache, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a secret of {len(secret)} bytes: it must have {KEY_BYTES}")
        self._shared = shared
        self._secret = secret
        #: Digests of the keys of all identities that were put or found, until somebody takes them.
        self.keys_met: set[bytes] = set()

    def get(self, token: bytes, trust: Trust, now: float) -> Identity | Refused | None:
        """Return what some process put for exactly ``token``, under a label that ``trust`` has."""
        entry = self._shared.get(self._key(token), now)
        if entry is None:
            return None
        found = decode(entry.value, trust)
        if isinstance(found, Refused) and entry.expires_at > now + REFUSAL_LIFETIME:
            return None  # from the future: a clock was ahead, and to it the token may have been over that is not yet
        if isinstance(found, Identity):
            self.keys_met.add(found.key_digest)
        return found

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:
        """Remember it."""
        negative = isinstance(found, Refused)
        if isinstance(found, Identity):
            self.keys_met.add(found.key_digest)
        expires_at = now + _lifetime(found) if isinstance(found, Refused) else found.valid_until
        self._shared.put(self._key(token), encode(found), expires_at, now, negative=negative)

    def _key(self, token: bytes) -> bytes:
        return blake2b(token, digest_size=KEY_BYTES, key=self._secret).digest()


def _lifetime(refused: Refused) -> float:
    return REFUSAL_LIFETIME if refused.lifetime is None else min(REFUSAL_LIFETIME, refused.lifetime)
