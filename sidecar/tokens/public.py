"""Public halves of the keys that sign tokens: what an issuer publishes, and how askers and workers name a key."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.core.algorithm import Algorithm
from sidecar.core.strict_json import Json, loads_object
from sidecar.keys.jwk import JwkError, verification_key


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key: its id (``kid``), the only algorithm it signs with, and its thumbprint (RFC 7638, 32 bytes)."""

    key_id: str
    algorithm: Algorithm
    thumbprint: bytes
    jwk: Mapping[str, Json] = field(repr=False, compare=False)  #: as it stands in a key set (RFC 7517, section 4)


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """Several keys, of which the first is the current one: it signs. Raises ``ValueError`` where that is none.

    The others are published beside it: the next one before it signs anything, so that every verifier has fetched it by
    then, and the previous one until its last token has expired. That is a rotation with overlap.
    """

    keys: tuple[PublicKey, ...]

    def __post_init__(self) -> None:
        """See that there is one, and that no two can be taken for each other."""
        if not self.keys:
            raise ValueError("there is no key")
        ids, thumbprints = [key.key_id for key in self.keys], [key.thumbprint for key in self.keys]
        for key_id in ids:
            if ids.count(key_id) > 1:
                raise ValueError(f"key id {key_id!r} is given twice")
        if len(set(thumbprints)) < len(thumbprints):
            raise ValueError("one key is given twice, under two key ids")

    @property
    def current(self) -> PublicKey:
        """Return the key that signs."""
        return self.keys[0]

    def document(self) -> str:
        """Return the JWK Set (RFC 7517, section 5), as JSON."""
        return json.dumps({"keys": [dict(key.jwk) for key in self.keys]}, separators=(",", ":"))


def public_key(jwk: Mapping[str, Json]) -> PublicKey:
    """Read one public JWK; raises ``JwkError``, also where it names no ``kid`` or no ``alg``."""
    key = verification_key(jwk)
    if key.key_id is None:
        raise JwkError("kid is missing")
    if len(key.algorithms) > 1:
        raise JwkError("alg is missing")
    (algorithm,) = key.algorithms
    return PublicKey(key.key_id, algorithm, key.thumbprint, jwk)


def read_public_keys(document: bytes) -> PublicKeys | None:
    """Return the keys that ``document`` is, or ``None`` for what ``PublicKeys.document`` does not write."""
    try:
        members = loads_object(document).get("keys")
        objects = [member for member in members if isinstance(member, dict)] if isinstance(members, list) else []
        keys = PublicKeys(tuple(public_key(member) for member in objects))
    except ValueError:  # JsonError and JwkError are such
        return None
    return keys if keys.document().encode() == document else None


def merged(several: Sequence[PublicKeys]) -> PublicKeys:
    """Return all keys of ``several`` workers, once each; raises ``ValueError`` without any.

    Current is a worker's current one that all of them hold, if there is such a one: while workers are replaced one by
    one, what is current for the new ones is the next one of the old. Of two keys with one id the first is kept, and
    with the other nothing is signed: whoever reads the set could not tell them apart.
    """
    currents = [keys.current for keys in several]
    common = [key for key in currents if all(key in keys.keys for keys in several)]
    return PublicKeys(_distinct([*common, *currents, *(key for keys in several for key in keys.keys)]))


def _distinct(keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    kept: list[PublicKey] = []
    for key in keys:
        if all(key.key_id != other.key_id and key.thumbprint != other.thumbprint for other in kept):
            kept.append(key)
    return tuple(kept)
