"""The keys of an issuer, as values: which key may check which token.

How a key's bytes are used is the verifier's business; this module only chooses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sidecar.core.algorithm import Algorithm
from sidecar.core.digest import digest_of
from sidecar.core.reason import Reason, Refusal


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key, or the secret of an issuer that signs with HS256.

    ``algorithms`` are those the key itself admits, by type, curve and its JWK's ``alg``. ``material`` is the raw
    32-byte public key for Ed25519 (RFC 8032), the secret itself for HS256, and DER SubjectPublicKeyInfo (RFC 5280) for
    all others. ``thumbprint``, 32 bytes, is the SHA-256 JWK thumbprint (RFC 7638) of a public key.
    """

    key_id: str | None
    algorithms: frozenset[Algorithm]
    material: bytes = field(repr=False)  # it may be a secret
    thumbprint: bytes
    digest: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the content, id and algorithms included: what was verified with it is labelled with this (32 bytes)."""
        object.__setattr__(self, "digest", digest_of(self, b"key"))


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer. ``digest`` (32 bytes) names their content: same keys and ids, same digest."""

    keys: tuple[VerificationKey, ...]
    digest: bytes
    key_digests: frozenset[bytes]

    def select(self, algorithm: Algorithm, key_id: str | None) -> VerificationKey:
        """Return the one key for a token; raises ``Refusal`` where none or several would do.

        Without any key nothing can be said about the token, which may be good: that is no fault of whoever sent it.

        With a ``kid`` the key of exactly that id; without one the only key that admits the algorithm. Trying several
        keys in turn would let whoever sends a token choose how much work it causes.
        """
        if not self.keys:
            raise Refusal(Reason.KEYS_UNAVAILABLE, "none was fetched, or none could be confirmed for too long")
        if key_id is None:
            candidates = [key for key in self.keys if algorithm in key.algorithms]
            if len(candidates) == 1:
                return candidates[0]
            raise Refusal(Reason.UNKNOWN_KEY, f"no kid, and {len(candidates)} keys for {algorithm}")
        for key in self.keys:
            if key.key_id == key_id:
                if algorithm in key.algorithms:
                    return key
                raise Refusal(Reason.ALGORITHM_NOT_ALLOWED, "the key is for another algorithm")
        raise Refusal(Reason.UNKNOWN_KEY, "no key of that kid")

    def may_lack(self, key_id: str | None) -> bool:
        """Say whether a newer version of this set could have a key for a token with ``key_id`` that this one has not.

        Not for a token that names none: how many keys there are is no reason to look for more.
        """
        return not self.keys or (key_id is not None and all(key.key_id != key_id for key in self.keys))


def key_set(keys: Iterable[VerificationKey]) -> KeySet:
    """Make a key set; raises ``ValueError`` where two keys share an id, since either might be meant."""
    members = tuple(keys)
    named = [key.key_id for key in members if key.key_id is not None]
    for key_id in named:
        if named.count(key_id) > 1:
            raise ValueError(f"key id {key_id!r} is given twice")
    digests = frozenset(key.digest for key in members)
    return KeySet(members, digest_of(digests, b"keyset"), digests)


#: What an issuer has whose keys were not fetched yet, or could not be confirmed for too long.
NO_KEYS = key_set(())
