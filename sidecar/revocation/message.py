"""A message of the feed: entries, signed. A compact JWS (RFC 7515): what is signed is what is sent, byte by byte.

    {"alg":"EdDSA","kid":"…","typ":"revocations+jws"} . {"revocations":[{"issuer":…,"jti":…},…]} . signature

Its ``typ`` keeps it from being taken for a token, and a token for it. It does not say when it was sent: whoever sends
it again changes next to nothing, since an entry has its own times (``dating.py``).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.core import base64url, jws
from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import KeySet
from sidecar.core.reason import Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.signing import SigningKey
from sidecar.revocation.entry import Entry, EntryError, read_entry
from sidecar.verify.signature import verify

TYPE = "revocations+jws"
#: Bytes. Half a megabyte holds some 4000 entries; whatever is larger is not read.
MAX_BYTES = 512 * 1024
#: Entries that go into one message.
MOST_ENTRIES = 1000


class ForgedError(ValueError):
    """No message of anybody who may revoke. The text says why, and nothing of what was in it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What was in a message that was signed: entries, and a line for each thing in it that is none."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def sign(entries: Sequence[Entry], key: SigningKey) -> bytes:
    """Return a message with ``entries``."""
    header = {"alg": Algorithm.EDDSA.value, "kid": key.key_id, "typ": TYPE}
    payload = {"revocations": [entry.members() for entry in entries]}
    signing_input = b".".join(base64url.encode(_canonical(part)) for part in (header, payload))
    return signing_input + b"." + base64url.encode(key.private.sign(signing_input))


def read_message(data: bytes, keys: KeySet) -> Message:
    """Return what is in a message; raises ``ForgedError`` for what none of ``keys`` has signed as one."""
    try:
        token = jws.parse(data, MAX_BYTES)
        if token.type != TYPE:
            raise ForgedError("of another type")
        key = keys.select(token.algorithm, token.key_id)
    except Refusal as refusal:
        raise ForgedError(str(refusal.reason)) from None
    if token.algorithm is not Algorithm.EDDSA:
        raise ForgedError("signed with another algorithm than EdDSA")
    if not verify(token.algorithm, key, token.signing_input, token.signature):
        raise ForgedError("the signature does not match")
    return _read(token.payload)


def _read(payload: bytes) -> Message:
    try:
        found = loads_object(payload).get("revocations")
    except JsonError as error:
        return Message((), (f"signed, and no JSON object: {error}",))
    if not isinstance(found, list):
        return Message((), ("signed, and without a list 'revocations'",))
    entries, problems = [], []
    for one in found:
        try:
            entries.append(read_entry(_object(one)))
        except EntryError as error:
            problems.append(f"signed, and no entry: {error}")
    return Message(tuple(entries), tuple(problems))


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise EntryError("is no JSON object")
    return value


def _canonical(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
