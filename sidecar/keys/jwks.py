"""JSON Web Key Sets (RFC 7517, section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.keys import KeySet, VerificationKey, key_set
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.jwk import JwkError, verification_key

#: Bytes. The largest public providers serve some 20 KiB.
MAX_JWKS_BYTES = 512 * 1024


class JwksError(ValueError):
    """A key set that cannot be used at all. The text says why."""


@dataclass(frozen=True, slots=True)
class Jwks:
    """What came of a JWK Set document: the keys that can be used, and a line for each that cannot."""

    keys: KeySet
    refused: tuple[str, ...]


def read_jwks(document: bytes) -> Jwks:
    """Read a JWK Set; raises ``JwksError`` where it is not one, has a key id twice, or no key that can be used.

    A single bad key is left out and reported, not fatal: providers publish encryption keys beside the others.
    """
    if len(document) > MAX_JWKS_BYTES:
        raise JwksError(f"larger than {MAX_JWKS_BYTES} bytes")
    try:
        members = loads_object(document).get("keys")
    except JsonError as error:
        raise JwksError(f"not a JSON object: {error}") from None
    if not isinstance(members, list):
        raise JwksError("has no list 'keys' (RFC 7517, section 5)")
    return _collect(members)


def _collect(members: list[Json]) -> Jwks:
    good: list[VerificationKey] = []
    refused: list[str] = []
    for index, member in enumerate(members):
        try:
            good.append(verification_key(_object(member)))
        except JwkError as error:
            refused.append(f"keys[{index}]: {error}")
    if not good:
        raise JwksError("; ".join(["has no key that can be used", *refused]))
    try:
        return Jwks(key_set(good), tuple(refused))
    except ValueError as error:
        raise JwksError(str(error)) from None


def _object(member: Json) -> Mapping[str, Json]:
    if not isinstance(member, dict):
        raise JwkError("not an object")
    return member
