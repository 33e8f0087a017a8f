"""Tokens: honest ones minted by PyJWT, hostile ones put together by hand."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import jwt

from support.keypairs import Pair, pair

NOW: Final = 1_750_000_000.0  #: the time of every test, in seconds since the epoch
ISSUER: Final = "https://issuer.example"
AUDIENCE: Final = "orders"


class Absent(Enum):
    """No value at all; an enum, so that a parametrised test has the same name in every process."""

    ABSENT = "absent"


#: A claim of this value is left out.
ABSENT: Final = Absent.ABSENT


def claims(**changes: object) -> dict[str, Any]:
    """Return good claims with ``changes``; ``ABSENT`` takes a claim out."""
    good: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": int(NOW) - 10,
        "exp": int(NOW) + 600,
    }
    return {name: value for name, value in (good | changes).items() if value is not ABSENT}


def mint(payload: Mapping[str, Any] | None = None, key: Pair | None = None, **headers: Any) -> str:  # noqa: ANN401 - JSON
    """Mint a token with PyJWT; the header names the key unless ``kid=None`` is given."""
    signer = key or pair()
    named = {"kid": signer.key_id} | headers
    present = {name: value for name, value in named.items() if value is not None}
    return jwt.encode(dict(claims() if payload is None else payload), signer.private, signer.algorithm.value, present)


def forge(header: object, payload: object, key: Pair | None = None) -> str:
    """Put a token together by hand and sign it for good. Bytes are taken as they are, all else becomes JSON."""
    signing_input = b".".join(part(_bytes(value)) for value in (header, payload))
    return b".".join([signing_input, part((key or pair()).sign(signing_input))]).decode()


def forge_payload(payload: object, key: Pair | None = None) -> str:
    """Put a token together by hand around any payload, with a good header."""
    signer = key or pair()
    return forge({"alg": signer.algorithm.value, "kid": signer.key_id}, payload, signer)


def part(data: bytes) -> bytes:
    """Encode one part of a token."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def mint_hmac(secret: bytes, payload: Mapping[str, Any] | None = None, **headers: Any) -> str:  # noqa: ANN401 - JSON
    """Mint a token with PyJWT and HS256."""
    return jwt.encode(dict(claims() if payload is None else payload), secret, "HS256", headers)
