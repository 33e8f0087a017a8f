"""A bundle of policies as it is sent: a compact JWS (RFC 7515), signed with Ed25519 (RFC 8037, section 3.1).

    {"alg":"EdDSA","kid":"…","typ":"policy-bundle+jws"}
    . {"bundle":"orders","version":7,"issued_at":…,"expires_at":…,"policies":{"policies":[…],"public":[…],…}}
    . signature

Its ``typ`` keeps it from being taken for a token or a message of the revocation feed, and these for it. Times are in
seconds since the epoch. ``policies`` has what a file of a policy folder may have.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sidecar.core import base64url, jws
from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import KeySet
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.signing import SigningKey
from sidecar.verify.signature import verify

TYPE = "policy-bundle+jws"
#: Bytes of the largest bundle there is.
MAX_BYTES = 16 * 1024 * 1024
#: What every reader of JSON reads as one integer (I-JSON, RFC 7493, section 2.2).
LARGEST = 2**53 - 1
#: What a bundle may be called: what stands in logs and labels as it is.
NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$"
_REQUIRED, _OPTIONAL = frozenset({"bundle", "version", "issued_at", "policies"}), frozenset({"expires_at"})


class BundleError(ValueError):
    """No bundle, or none that is taken. The text says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is in one. ``digest`` (32 bytes) is SHA-256 of all that was signed but the header.

    ``signer`` is the thumbprint (32 bytes) of the key that has signed it; empty where nobody has looked.
    ``issued_at`` and ``expires_at`` are in seconds since the epoch; ``None``: it does not expire.
    """

    name: str
    version: int
    issued_at: int
    expires_at: int | None
    policies: Mapping[str, Json] = field(repr=False)
    key_id: str
    digest: bytes
    signer: bytes = b""

    @property
    def title(self) -> str:
        """Return what it is called where people see it."""
        return f"policy bundle {self.name}, version {self.version}"


def sign(content: Mapping[str, Json], key: SigningKey) -> bytes:
    """Return a bundle of ``content``, which has the payload's members; raises ``BundleError`` where it has not."""
    try:
        return _signed(content, key)
    except UnicodeEncodeError:
        raise BundleError("has text that is not Unicode") from None


def _signed(content: Mapping[str, Json], key: SigningKey) -> bytes:
    header = {"alg": Algorithm.EDDSA.value, "kid": key.key_id, "typ": TYPE}
    signing_input = b".".join(base64url.encode(_canonical(part)) for part in (header, content))
    compact = signing_input + b"." + base64url.encode(key.private.sign(signing_input))
    read_unverified(compact)  # whatever would not be taken is not made
    return compact


def read_bundle(compact: bytes, keys: KeySet, max_bytes: int = MAX_BYTES) -> Bundle:
    """Return what is in a bundle; raises ``BundleError`` for what none of ``keys`` has signed as one."""
    token, key_id = _parse(compact, max_bytes)
    try:
        key = keys.select(token.algorithm, key_id)
    except Refusal as refusal:
        if refusal.reason is Reason.UNKNOWN_KEY:
            raise BundleError(f"is signed with key {key_id!r:.100}, which is none of those that are believed") from None
        raise BundleError(f"has a key that cannot be used: {refusal.reason}") from None
    if not verify(token.algorithm, key, token.signing_input, token.signature):
        raise BundleError(f"has a signature that does not match key {key_id!r:.100}")
    # INVARIANT: nothing of the payload is read before here.
    return replace(_read(token.payload, key_id), signer=key.thumbprint)


def read_unverified(compact: bytes) -> Bundle:
    """Return what is in a bundle that was verified before, or that is looked at only; raises ``BundleError``."""
    token, key_id = _parse(compact, MAX_BYTES)
    return _read(token.payload, key_id)


def _parse(compact: bytes, max_bytes: int) -> tuple[jws.UnverifiedToken, str]:
    try:
        token = jws.parse(compact, max_bytes)
    except Refusal as refusal:
        raise BundleError(f"is no compact JWS that is taken: {refusal.reason}, {refusal.detail}") from None
    if token.type != TYPE:
        raise BundleError(f"is of another type than {TYPE}")
    if token.algorithm is not Algorithm.EDDSA:
        raise BundleError("is signed with another algorithm than EdDSA")
    if token.key_id is None:
        raise BundleError("names no key (kid)")
    return token, token.key_id


def _read(payload: bytes, key_id: str) -> Bundle:
    try:
        members = loads_object(payload)
    except JsonError as error:
        raise BundleError(f"has a payload that is no JSON object: {error}") from None
    if not members.keys() >= _REQUIRED or members.keys() - _REQUIRED - _OPTIONAL:
        # A member that is not known might take back what the others say.
        found = ", ".join(sorted(members))
        raise BundleError(f"has the members {found:.200}; it takes {', '.join(sorted(_REQUIRED))}, may have expires_at")
    name, policies = members["bundle"], members["policies"]
    if not isinstance(name, str) or re.fullmatch(NAME, name) is None:
        raise BundleError("has a name ('bundle') that is none: letters, digits and . _ - between them, 128 at most")
    if not isinstance(policies, dict):
        raise BundleError("has 'policies' that are no object")
    issued_at = _whole(members, "issued_at")
    expires_at = _whole(members, "expires_at") if "expires_at" in members else None
    if expires_at is not None and expires_at <= issued_at:
        raise BundleError("expires before it was issued")
    version = _whole(members, "version")
    return Bundle(name, version, issued_at, expires_at, policies, key_id, hashlib.sha256(payload).digest())


def _whole(members: Mapping[str, Json], name: str) -> int:
    value = members[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise BundleError(f"has '{name}' that is no whole number from 1 to {LARGEST}")
    return value


def _canonical(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
