"""The feed's messages: believed if one who may revoke has signed them as such, and only then."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import KeySet, key_set
from sidecar.core.revocation import Kind, Name
from sidecar.keys.jwk import verification_key
from sidecar.keys.signing import SigningKey, generate
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import TYPE, ForgedError, read_message, sign
from sidecar.tokens.mint import mint
from support.keypairs import pair
from support.tokens import forge

KEY, STRANGER = generate("feed-1"), generate("feed-1")
ENTRIES = (Entry(Name("https://idp.example", Kind.JTI, "é"), expires_at=5),)
GOOD = sign(ENTRIES, KEY)


def keys(*signers: SigningKey) -> KeySet:
    return key_set([verification_key(one.public_jwk()) for one in signers])


def by(header: dict[str, object], payload: bytes = b'{"revocations":[]}') -> bytes:
    """Return a message that the right key has signed, whatever it is."""
    signing_input = b".".join(base64url.encode(part) for part in (json.dumps(header).encode(), payload))
    return signing_input + b"." + base64url.encode(KEY.private.sign(signing_input))


HEADER: dict[str, object] = {"alg": "EdDSA", "kid": "feed-1", "typ": TYPE}


def test_what_is_signed_is_read() -> None:
    """Entries come out as they went in, and signing them again gives the same bytes."""
    assert read_message(GOOD, keys(KEY)).entries == ENTRIES
    assert sign(ENTRIES, KEY) == GOOD


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\xff",
        b"{}",
        b"..",
        GOOD[:-4] + b"AAAA",
        GOOD.replace(b".", b"", 1),
        sign(ENTRIES, STRANGER),
        sign(ENTRIES, generate("feed-2")),
        b".".join((*GOOD.split(b".")[:2], b"")),
        mint(KEY, {"revocations": []}).encode(),
        by(HEADER | {"typ": "JWT"}),
        by(HEADER | {"alg": "none"}),
        by(HEADER | {"alg": "ES256"}),
        by(HEADER | {"crit": ["x"]}),
        by({"alg": "EdDSA", "kid": "feed-1"}),
    ],
)
def test_forged(forged: bytes) -> None:
    """A message that is none, is a token, is unsigned or signed by somebody else is not believed."""
    with pytest.raises(ForgedError):
        read_message(forged, keys(KEY))


def test_another_algorithm_is_not_taken() -> None:
    """Whatever else is in the key set, only Ed25519 signs revocations."""
    other = pair(Algorithm.ES256, "feed-1")
    message = forge({"alg": "ES256", "kid": "feed-1", "typ": TYPE}, {"revocations": []}, other).encode()
    with pytest.raises(ForgedError, match="EdDSA"):
        read_message(message, key_set([other.public]))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, change: int) -> None:
    """A message with any byte changed is forged."""
    changed = bytearray(GOOD)
    changed[place] ^= change
    with pytest.raises(ForgedError):
        read_message(bytes(changed), keys(KEY))


@pytest.mark.parametrize(
    ("payload", "entries", "problems"),
    [
        (b"[]", 0, 1),
        (b"{}", 0, 1),
        (b'{"revocations":{}}', 0, 1),
        (b'{"revocations":[5,{"issuer":"i","jti":"a"},{"issuer":"i"}]}', 1, 2),
    ],
)
def test_signed_and_wrong(payload: bytes, entries: int, problems: int) -> None:
    """What is wrong in a signed message is told, and takes nothing else along."""
    found = read_message(by(HEADER, payload), keys(KEY))
    assert (len(found.entries), len(found.problems)) == (entries, problems)
