"""Tokens that are bound to a key (``cnf``, RFC 7800): whoever presents one must show that they have the key.

INVARIANT: a bound token is never good as a plain bearer token. What is bound in a way that nobody checks is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json

_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True)
class Dpop:
    """What proofs (RFC 9449) must look like. ``max_age`` is in seconds from ``iat``.

    ``origins`` are those that clients know us by (``https://api.example``); empty: the one that Envoy was asked at.
    """

    algorithms: frozenset[Algorithm]
    max_age: float
    origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class BoundTokens:
    """Which bindings are checked. ``required``: a token without one is refused."""

    mtls: bool
    dpop: Dpop | None
    required: bool


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token is bound to, SHA-256 (32 bytes) of each.

    ``certificate`` is of the client certificate's DER (``x5t#S256``, RFC 8705, section 3.1), ``key`` the thumbprint of
    the proof's key (``jkt``, RFC 9449, section 6.1). At least one is there, and all that are must be shown.
    """

    certificate: bytes | None
    key: bytes | None


def confirmation_of(claims: Mapping[str, Json], bound: BoundTokens | None) -> Confirmation | None:
    """Return what a token is bound to, ``None`` for nothing; raises ``Refusal`` for a binding nobody checks here."""
    if "cnf" not in claims:
        if bound is not None and bound.required:
            raise Refusal(Reason.PROOF_REQUIRED, "the issuer's tokens must be bound, and this one is not")
        return None
    members = claims["cnf"]
    if bound is None or not isinstance(members, dict) or not members:
        raise Refusal(Reason.PROOF_REQUIRED, "cnf")
    taken = {"x5t#S256"} if bound.mtls else set[str]()
    taken |= {"jkt"} if bound.dpop is not None else set()
    if not members.keys() <= taken:
        raise Refusal(Reason.PROOF_REQUIRED, "cnf has a member that is not checked here")
    return Confirmation(_digest(members, "x5t#S256"), _digest(members, "jkt"))


def _digest(members: Mapping[str, Json], name: str) -> bytes | None:
    if name not in members:
        return None
    value = members[name]
    try:
        digest = base64url.decode(value.encode("ascii")) if isinstance(value, str) else b""
    except (base64url.Base64UrlError, UnicodeEncodeError):
        digest = b""
    if len(digest) != _SHA256_BYTES:
        raise Refusal(Reason.PROOF_REQUIRED, f"cnf: {name} is no SHA-256 in base64url")
    return digest
