"""JSON Web Key Sets (RFC 7517, section 5)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.keys import KeySet, VerificationKey, key_set
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.jwk import JwkError, verification_key

#: Bytes. The largest public providers serve some 20 KiB.
MAX_JWKS_BYTES = 512 * 1024
#: Members. Providers have a dozen at most; reading a key costs up to 0.2 ms.
MAX_KEYS = 256


class JwksError(ValueError):
    """A key set that cannot be used at all. The text says why."""


class EmptyJwksError(JwksError):
    """A key set that lists no key at all: perhaps somebody means that."""


@dataclass(frozen=True, slots=True)
class Jwks:
    """What came of a JWK Set document: the keys that can be used, and a line for each that cannot."""

    keys: KeySet
    refused: tuple[str, ...]


def read_jwks(document: bytes) -> Jwks:
    """Read a JWK Set; raises ``JwksError`` where it is not one, or has no key that can be used.

    ``EmptyJwksError`` where it lists none at all. A single bad key is left out and reported, not fatal: providers
    publish encryption keys beside the others. Of keys that share an id all are left out, since either might be meant.
    """
    if len(document) > MAX_JWKS_BYTES:
        raise JwksError(f"larger than {MAX_JWKS_BYTES} bytes")
    try:
        members = loads_object(document).get("keys")
    except JsonError as error:
        raise JwksError(f"not a JSON object: {error}") from None
    if not isinstance(members, list):
        raise JwksError("has no list 'keys' (RFC 7517, section 5)")
    if not members:
        raise EmptyJwksError("has no key that can be used")
    if len(members) > MAX_KEYS:
        raise JwksError(f"has {len(members)} keys; allowed: {MAX_KEYS}")
    return _collect(members)


def _collect(members: list[Json]) -> Jwks:
    found: dict[int, VerificationKey] = {}
    refused: dict[int, str] = {}
    for index, member in enumerate(members):
        try:
            found[index] = verification_key(_object(member))
        except JwkError as error:
            refused[index] = str(error)
    ids = Counter(key.key_id for key in found.values())
    refused |= {
        index: f"kid {key.key_id!r:.100} is given twice"
        for index, key in found.items()
        if key.key_id is not None and ids[key.key_id] > 1
    }
    lines = tuple(f"keys[{index}]: {refused[index]}" for index in sorted(refused))
    good = [key for index, key in found.items() if index not in refused]
    if not good:
        raise JwksError("; ".join(["has no key that can be used", *lines]))
    return Jwks(key_set(good), lines)


def _object(member: Json) -> Mapping[str, Json]:
    if not isinstance(member, dict):
        raise JwkError("not an object")
    return member
