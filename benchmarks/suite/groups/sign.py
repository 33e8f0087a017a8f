"""Signing, by one process that has the key: whole tokens against PyJWT, signatures against OpenSSL's bare."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from sidecar.core.strict_json import Json
from sidecar.tokens.claims import Terms
from sidecar.tokens.minter import mint_many
from sidecar.tokens.minting_key import MintingKeys, Private, minting_key
from suite.given.trust import AUDIENCE, ISSUER
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import cpu

TITLE = "signing, one process"
COSTLY = False
TOKENS, INPUT_BYTES = 50, 400


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure tokens and signatures, with EdDSA and RS256."""
    edwards, rsa_key = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)

    def by_rsa(message: bytes) -> bytes:
        return rsa_key.sign(message, padding.PKCS1v15(), SHA256())

    return [*_lines("EdDSA", edwards, edwards.sign, size), *_lines("RS256", rsa_key, by_rsa, size)]


def _lines(algorithm: str, private: Private, bare: Callable[[bytes], bytes], size: Size) -> list[Measurement]:
    key, count = minting_key(private), size.number(TOKENS, 2)
    keys, terms = MintingKeys(key), Terms(ISSUER, 600)
    claims: list[dict[str, Json]] = [{"sub": f"user-{each}", "aud": AUDIENCE} for each in range(count)]
    inputs = [secrets.token_hex(INPUT_BYTES // 2).encode() for _ in range(count)]

    def theirs() -> list[str]:
        # With as much in them: who issued them when, until when, and a number of their own.
        now = int(time.time())
        times = {"iss": ISSUER, "iat": now, "nbf": now, "exp": now + 600}
        return [
            jwt.encode(
                {**times, **each, "jti": secrets.token_urlsafe(16)},
                private,
                algorithm=algorithm,
                headers={"kid": key.public.key_id},
            )
            for each in claims
        ]

    def line(
        name: str, what: str, ours: Callable[[], object], against: str, other: Callable[[], object]
    ) -> Measurement:
        baseline = Baseline(against, cpu(other, count, size.seconds))
        return Measurement(name, f"{what}, {algorithm}", Unit.RATE_CPU, cpu(ours, count, size.seconds), baseline)

    short = algorithm.lower()
    minted: Callable[[], object] = lambda: mint_many(keys, terms, claims, time.time())  # noqa: E731 - a call
    return [
        line(f"mint-{short}", "a token", minted, "a PyJWT loop", theirs),
        line(
            f"sign-{short}",
            "a signature",
            lambda: list(map(key.sign, inputs)),
            "cryptography (OpenSSL) bare",
            lambda: list(map(bare, inputs)),
        ),
    ]
