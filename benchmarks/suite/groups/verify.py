"""Verifying, by one process: a signature against OpenSSL's bare, a whole token against PyJWT."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.verify.signature import verify
from sidecar.verify.token import identity_in
from suite.given.trust import AUDIENCE, ISSUER, a_key, lasting, make_trust
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import Work, cpu

TITLE = "verifying, one process"
COSTLY = False
SIGNATURES, INPUT_BYTES = 100, 400

Pairs = Sequence[tuple[bytes, bytes]]


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure signatures of three algorithms, and whole tokens."""
    inputs = [secrets.token_hex(INPUT_BYTES // 2).encode() for _ in range(size.number(SIGNATURES, 2))]
    made = {Algorithm.EDDSA: _ed25519, Algorithm.ES256: _es256, Algorithm.RS256: _rs256}
    lines = []
    for algorithm, make in made.items():
        ours, bare = make(inputs)
        baseline = Baseline("cryptography (OpenSSL) bare", cpu(bare, len(inputs), size.seconds))
        take = cpu(ours, len(inputs), size.seconds)
        name = f"verify-{algorithm.value.lower()}"
        lines.append(Measurement(name, f"a signature, {algorithm.value}", Unit.RATE_CPU, take, baseline))
    return [_tokens(size), *lines]


def _tokens(size: Size) -> Measurement:
    """Measure a whole token: parsed, its claims looked at, its signature verified."""
    key, public = a_key()
    trust, texts = make_trust(public), lasting(key, size.number(SIGNATURES, 2))
    compact, private = [text.encode() for text in texts], key.private.public_key()
    now = time.time()

    def ours() -> None:
        for each in compact:
            identity_in(each, trust, now)

    def theirs() -> None:
        for each in texts:
            jwt.decode(each, private, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)

    baseline = Baseline("a PyJWT loop", cpu(theirs, len(texts), size.seconds))
    return Measurement("token", "a whole token, EdDSA", Unit.RATE_CPU, cpu(ours, len(texts), size.seconds), baseline)


def _by_us(algorithm: Algorithm, material: bytes, pairs: Pairs) -> Work:
    key = VerificationKey("k1", frozenset({algorithm}), material, b"")
    assert all(verify(algorithm, key, *pair) for pair in pairs)  # noqa: S101 - the answer is part of the measurement
    assert not verify(algorithm, key, b"another", pairs[0][1])  # noqa: S101

    def work() -> None:
        for each in pairs:
            verify(algorithm, key, *each)

    return work


def _by_openssl(check: Callable[[bytes, bytes], object], pairs: Pairs) -> Work:
    """Have OpenSSL look at pairs; ``check`` takes the signature first, as it does, and raises."""

    def work() -> None:
        for message, signature in pairs:
            check(signature, message)

    return work


def _ed25519(inputs: list[bytes]) -> tuple[Work, Work]:
    private = ed25519.Ed25519PrivateKey.generate()
    public, pairs = private.public_key(), [(each, private.sign(each)) for each in inputs]
    return _by_us(Algorithm.EDDSA, public.public_bytes_raw(), pairs), _by_openssl(public.verify, pairs)


def _es256(inputs: list[bytes]) -> tuple[Work, Work]:
    private = ec.generate_private_key(ec.SECP256R1())
    public, signed = private.public_key(), [(each, private.sign(each, ec.ECDSA(SHA256()))) for each in inputs]
    # A JWS has the two numbers side by side (RFC 7518, section 3.4), OpenSSL takes them in DER.
    raw = [(each, b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))) for each, der in signed]
    material = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bare = partial(public.verify, signature_algorithm=ec.ECDSA(SHA256()))
    return _by_us(Algorithm.ES256, material, raw), _by_openssl(bare, signed)


def _rs256(inputs: list[bytes]) -> tuple[Work, Work]:
    private = rsa.generate_private_key(65537, 2048)
    public, pairs = private.public_key(), [(each, private.sign(each, padding.PKCS1v15(), SHA256())) for each in inputs]
    material = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bare = partial(public.verify, padding=padding.PKCS1v15(), algorithm=SHA256())
    return _by_us(Algorithm.RS256, material, pairs), _by_openssl(bare, pairs)
