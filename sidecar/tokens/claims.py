"""What a minted token says: its claims (RFC 7519, section 4.1), its header (RFC 7515, section 4.1), and its text."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core import base64url
from sidecar.core.strict_json import Json
from sidecar.tokens.public import PublicKey

#: Claims that are the issuer's to say.
_OURS = ("iss", "iat", "nbf", "exp", "jti")
_JTI_BYTES = 16


@dataclass(frozen=True, slots=True)
class Terms:
    """What all tokens of one issuer have in common. Raises ``ValueError`` where no verifier would take them."""

    issuer: str
    lifetime: int  #: seconds from iat to exp, 1 at least
    token_type: str = "JWT"  # noqa: S105 - no password but the header's ``typ``; RFC 9068's is ``at+jwt``

    def __post_init__(self) -> None:
        """See that there is an issuer and a lifetime."""
        if not self.issuer or not self.token_type or self.lifetime < 1:
            raise ValueError(f"{self}: issuer and token type must not be empty, lifetime at least 1 second")

    def complete(self, claims: Mapping[str, Json], now: float, not_after: int | None = None) -> dict[str, Json]:
        """Return ``claims``, which name ``sub`` and ``aud``, with iss, iat, nbf, exp and jti beside them.

        ``now`` and ``not_after``, beyond which exp is not, are in seconds since the epoch. jti are 128 random bits:
        never the same twice. Raises ``ValueError`` where sub or aud are not what RFC 7519 has them be, where a claim is
        given that is the issuer's to say, and where no time is left.
        """
        for name in _OURS:
            if name in claims:
                raise ValueError(f"claim {name} is given; the minter sets it")
        if not _is_text(claims.get("sub")):
            raise ValueError("claim sub must be a string with content")
        if not _is_audience(claims.get("aud")):
            raise ValueError("claim aud must be a string with content, or a list of such")
        issued = int(now)
        expires = issued + self.lifetime if not_after is None else min(issued + self.lifetime, not_after)
        if expires <= issued:
            raise ValueError("no time is left: exp would be no later than iat")
        jti = base64url.encode(secrets.token_bytes(_JTI_BYTES)).decode("ascii")
        times: dict[str, Json] = {"iat": issued, "nbf": issued, "exp": expires}
        return {"iss": self.issuer, **claims, **times, "jti": jti}


def encode_header(key: PublicKey, token_type: str) -> bytes:
    """Return the first part of every token that ``key`` signs."""
    return encode_part({"alg": key.algorithm.value, "kid": key.key_id, "typ": token_type})


def encode_part(value: Mapping[str, Json]) -> bytes:
    """Return JSON as base64url; raises ``ValueError`` for what is not JSON (RFC 8259): NaN, lone surrogates."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64url.encode(text.encode("utf-8"))


def encode_token(signing_input: bytes, signature: bytes) -> bytes:
    """Return the compact JWS (RFC 7515, section 7.1)."""
    return signing_input + b"." + base64url.encode(signature)


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def _is_audience(value: Json) -> bool:
    return all(map(_is_text, value)) and bool(value) if isinstance(value, list) else _is_text(value)
