"""Proofs of possession (DPoP, RFC 9449): held against the request they came with, all but their signature.

The steps are those of section 4.3. Nonces (section 8) are not asked for: they are for servers that cannot remember
which proofs were used, and this one does. A proof that was made ahead of its time is good around its ``iat`` alone.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256

from sidecar.core import base64url, jws
from sidecar.core.binding import Dpop
from sidecar.core.claims import time_claim
from sidecar.core.identity import Identity
from sidecar.core.keys import VerificationKey
from sidecar.core.reason import Reason, Refusal
from sidecar.core.replay import Replays, Use
from sidecar.core.request import Request
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.uri import normal_uri, uri_of

#: Bytes. A proof with an RSA key of 4096 bits has some 2 KiB.
MAX_PROOF_BYTES = 8192
#: Characters of a ``jti``.
_MAX_ID = 256

#: Reads a public JWK whose thumbprint (RFC 7638) must be the one given; raises ``ValueError``.
ReadKey = Callable[[Mapping[str, Json], bytes], VerificationKey]


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that is good in everything but its signature. ``issued`` is its ``iat``; ``digest`` is BLAKE2b-256 of it.

    ``use`` (32 bytes) names it among all proofs: what must not come twice. ``owner`` (32 bytes) is whose they are.
    """

    token: jws.UnverifiedToken
    key: VerificationKey
    issued: float
    digest: bytes
    use: bytes
    owner: bytes
    dpop: Dpop
    skew: float

    @property
    def until(self) -> float:
        """Return when it is over, in seconds since the epoch."""
        return self.issued + self.dpop.max_age + self.skew

    def check_age(self, now: float) -> None:
        """Raise ``Refusal`` unless it was made just now."""
        # INVARIANT: the comparison must hold to let it go on, so that a clock that is NaN refuses.
        # At ``until`` its use is forgotten.
        if not self.issued - self.skew <= now < self.until:
            raise Refusal(Reason.PROOF_INVALID, "iat is not now")


@dataclass(frozen=True, slots=True)
class Proofs:
    """What checking proofs takes from outside."""

    read_key: ReadKey
    replays: Replays


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof must be like: ``thumbprint`` of the token's key, ``skew`` of clocks in seconds.

    ``owner`` (32 bytes) is who has the token.
    """

    thumbprint: bytes
    owner: bytes
    dpop: Dpop
    skew: float


def read_proof(request: Request, access_token: bytes, expected: Expected, read_key: ReadKey) -> Proof:
    """Take the proof out of ``request`` and hold it against it; raises ``Refusal``. Cheap questions come first."""
    dpop = expected.dpop
    text = request.headers.get("dpop")
    if text is None:
        raise Refusal(Reason.PROOF_REQUIRED, "no DPoP header")
    if "," in text:
        raise Refusal(Reason.PROOF_INVALID, "more than one DPoP header")
    try:
        compact = text.encode("ascii")
        token = jws.parse(compact, MAX_PROOF_BYTES)
        claims = loads_object(token.payload)
        issued = time_claim(claims, "iat")
    except Refusal as refusal:
        raise Refusal(Reason.PROOF_INVALID, f"{refusal.reason}: {refusal.detail}") from None
    except (UnicodeEncodeError, JsonError) as error:
        raise Refusal(
            Reason.PROOF_INVALID, f"no JWT: {error.reason if isinstance(error, UnicodeError) else error}"
        ) from None
    if token.type != "dpop+jwt":
        raise Refusal(Reason.PROOF_INVALID, "typ is not dpop+jwt")
    if token.algorithm not in dpop.algorithms:
        raise Refusal(Reason.PROOF_INVALID, "alg is not among those that are taken")
    identity = claims.get("jti")
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_ID:
        raise Refusal(Reason.PROOF_INVALID, "jti is not a short string with content")
    _check_request(claims, request, dpop)
    if claims.get("ath") != base64url.encode(sha256(access_token).digest()).decode("ascii"):
        raise Refusal(Reason.PROOF_INVALID, "ath is not the hash of this access token")
    key = _key(compact, expected.thumbprint, read_key)
    if token.algorithm not in key.algorithms:
        raise Refusal(Reason.PROOF_INVALID, "alg does not go with jwk")
    use = blake2b(expected.thumbprint + identity.encode("utf-8"), digest_size=32).digest()
    when = math.nan if issued is None else issued
    return Proof(token, key, when, blake2b(compact, digest_size=32).digest(), use, expected.owner, dpop, expected.skew)


def owner_of(identity: Identity, thumbprint: bytes) -> bytes:
    """Return whose proofs those for a token are: its subject's, whatever keys that has; without one, the key's."""
    subject = identity.principal
    name = thumbprint if subject is None else subject.encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=32).digest()


def spend(proof: Proof, replays: Replays, check: bytes, now: float) -> None:
    """Note that a proof was used in ``check``, a serialised request; raises ``Refusal`` where it was in another."""
    use = replays.use(proof.use, proof.owner, blake2b(check, digest_size=32).digest(), proof.until, now)
    if use is Use.REPLAY:
        raise Refusal(Reason.PROOF_REPLAYED)
    if use not in {Use.FIRST, Use.RETRY}:
        raise Refusal(Reason.OVERLOADED, "no room to note that a proof was used")


def _check_request(claims: Mapping[str, Json], request: Request, dpop: Dpop) -> None:
    if claims.get("htm") != request.endpoint.method:
        raise Refusal(Reason.PROOF_INVALID, "htm is not the request's method")
    named = claims.get("htu")
    wanted = uri_of(named) if isinstance(named, str) else None
    sent = request.sent
    ours = normal_uri(sent.scheme, sent.authority, request.endpoint.paths[0])
    if wanted is None or ours is None or wanted.path != ours.path:
        raise Refusal(Reason.PROOF_INVALID, "htu is not the request's URI")
    # Where the origin that was asked is one of ours, a proof for another of ours is none for this one.
    allowed = {ours.origin} if not dpop.origins or ours.origin in dpop.origins else dpop.origins
    if wanted.origin not in allowed:
        raise Refusal(Reason.PROOF_INVALID, "htu names another origin than this one's")


def _key(compact: bytes, thumbprint: bytes, read_key: ReadKey) -> VerificationKey:
    jwk = loads_object(base64url.decode(compact.partition(b".")[0])).get("jwk")
    if not isinstance(jwk, dict):
        raise Refusal(Reason.PROOF_INVALID, "jwk is not an object")
    try:
        return read_key(jwk, thumbprint)
    except ValueError as error:
        raise Refusal(Reason.PROOF_INVALID, f"jwk: {error}") from None
