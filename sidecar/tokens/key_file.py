"""The files that minting workers read their keys from: PEM (RFC 7468, section 10) or a private JWK.

A rotation with overlap, for files that all replicas share (a Secret):

    previous   current   next         published        signs
    -          A         B            A, B             A        everybody who verifies has fetched B by the time …
    A          B         C            A, B, C          B        … it signs; the last token of A is valid still
    B          C         D            B, C, D          C

After each change of the files the workers are replaced, one by one: a worker keeps what it read at its start.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sidecar.core.algorithm import Algorithm
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.jwk import JwkError
from sidecar.keys.regular_file import open_regular
from sidecar.tokens.minting_key import MintingKey, MintingKeys, minting_key
from sidecar.tokens.private_jwk import read_private_jwk

#: Bytes. An RSA key of 16384 bits is some 13 KiB.
MAX_FILE_BYTES = 64 * 1024
_ALLOWED = "give a private key, Ed25519, RSA from 2048 bits up, or EC P-256, P-384 or P-521, as PEM or JWK"
_ONE_KEY = b"PRIVATE KEY-----"


class SigningKeyError(ValueError):
    """A file that no token can be signed with. The text says which, why, and what to do; nothing of its content."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Where one private key is. ``algorithm`` and ``key_id`` are for what does not say so itself, as PEM.

    By default RSA signs with RS256, all others with the algorithm of their curve; the id is the thumbprint.
    """

    path: Path
    algorithm: Algorithm | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The keys of one issuer; ``current`` signs."""

    current: KeyFile
    next: KeyFile | None = None
    previous: KeyFile | None = None


def read_minting_keys(files: KeyFiles) -> MintingKeys:
    """Read all files; raises ``SigningKeyError``."""
    given = [file for file in (files.current, files.next, files.previous) if file is not None]
    keys = [read_minting_key(file) for file in given]
    try:
        return MintingKeys(*keys)
    except ValueError as error:
        paths = ", ".join(str(file.path) for file in given)
        raise SigningKeyError(f"{paths}: {error}; current, next and previous must be different keys") from None


def read_minting_key(file: KeyFile) -> MintingKey:
    """Read one file; raises ``SigningKeyError``."""
    content = _read(file.path)
    try:
        return _read_pem(content, file) if b"-----BEGIN " in content else _read_jwk(content, file)
    except JwkError as error:
        problem = str(error)
    raise SigningKeyError(f"{file.path}: {problem}; {_ALLOWED}")


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SigningKeyError(f"{path}: {error.strerror}; minting workers must be able to read it") from None
    if len(content) > MAX_FILE_BYTES:
        raise SigningKeyError(f"{path}: larger than {MAX_FILE_BYTES} bytes; {_ALLOWED}")
    return content


def _read_jwk(content: bytes, file: KeyFile) -> MintingKey:
    jwk: dict[str, Json] | None
    try:
        jwk = dict(loads_object(content))
    except JsonError:
        jwk = None  # its context has the content: the error below is raised outside
    if jwk is None:
        raise JwkError("neither PEM nor one JSON object")
    return read_private_jwk(jwk, file.key_id, file.algorithm)


def _read_pem(content: bytes, file: KeyFile) -> MintingKey:
    if content.count(_ONE_KEY) != 2:  # noqa: PLR2004 - the line that begins it and the one that ends it
        raise JwkError("not exactly one private key in it")
    problem = "not a private key that can be read"
    try:
        private = load_pem_private_key(content, password=None)
    except TypeError:
        private, problem = None, "encrypted; decrypt it first (openssl pkey -in FILE -out NEW)"
    except (ValueError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise JwkError(problem if private is None else "not a kind of key that signs tokens")
    return minting_key(private, file.key_id, file.algorithm)
