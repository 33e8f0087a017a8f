"""DPoP proofs: honest ones with PyJWT, and with whatever a test changes."""

import base64
import hashlib
import json
from typing import Any

import jwt

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import thumbprint
from support.keypairs import Pair, pair
from support.tokens import ABSENT, NOW

HOLDER = pair(Algorithm.ES256, owner="holder")
STRANGER = pair(Algorithm.ES256, owner="stranger")
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")


def encoded(data: bytes) -> str:
    """Encode as base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public(holder: Pair) -> dict[str, Any]:
    """Return the key as a proof has it."""
    return {name: value for name, value in holder.jwk.items() if name in _PUBLIC}


def bound_to(holder: Pair = HOLDER) -> dict[str, Any]:
    """Return the ``cnf`` of a token of ``holder``'s."""
    return {"jkt": encoded(thumbprint(public(holder)))}


def proof(token: str, holder: Pair = HOLDER, headers: dict[str, Any] | None = None, **changes: object) -> str:
    """Return a proof for a GET of https://api.example/orders with ``changes`` to claims and headers."""
    claims: dict[str, object] = {
        "jti": "1",
        "htm": "GET",
        "htu": "https://api.example/orders",
        "iat": NOW,
        "ath": encoded(hashlib.sha256(token.encode()).digest()),
    }
    claims |= changes
    header = {"typ": "dpop+jwt", "alg": holder.algorithm.value, "jwk": public(holder)} | (headers or {})
    parts = [
        encoded(json.dumps({name: value for name, value in members.items() if value is not ABSENT}).encode())
        for members in (header, claims)
    ]
    signing_input = ".".join(parts)
    signature = jwt.get_algorithm_by_name(holder.algorithm.value).sign(signing_input.encode(), holder.private)
    return f"{signing_input}.{encoded(signature)}"
