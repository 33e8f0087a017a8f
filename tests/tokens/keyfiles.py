"""Private keys as files, and what of them nobody may ever see."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar.core.algorithm import Algorithm
from sidecar.tokens.key_file import KeyFile
from sidecar.tokens.minting_key import MintingKey, minting_key
from support.keypairs import Pair, pair


def minting(algorithm: Algorithm = Algorithm.EDDSA, key_id: str = "key-1", owner: str = "issuer") -> MintingKey:
    """Return the private key of ``support.keypairs.pair``."""
    one = pair(algorithm, key_id, owner)
    return minting_key(one.private, key_id, algorithm)


def private_jwk(one: Pair) -> dict[str, Any]:
    """Return a private JWK, as PyJWT writes it."""
    jwk = jwt.get_algorithm_by_name(one.algorithm.value).to_jwk(one.private, as_dict=True)
    return {**jwk, "key_ops": ["sign"], "kid": one.key_id, "alg": one.algorithm.value}


def pem(one: Pair, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """Return PEM, as OpenSSL writes it."""
    return one.private.private_bytes(Encoding.PEM, form, NoEncryption())


def written(path: Path, content: bytes | dict[str, Any], **said: Any) -> KeyFile:  # noqa: ANN401 - KeyFile's
    """Write a file."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return KeyFile(path, **said)


def secrets_of(one: Pair) -> list[bytes]:
    """Return the private members as they are, in base64url, and as numbers in both notations; and the PEM's lines."""
    jwk = private_jwk(one)
    members = [str(jwk[name]) for name in ("d", "p", "q", "dp", "dq", "qi") if name in jwk]
    raw = [urlsafe_b64decode(member + "=" * (-len(member) % 4)) for member in members]
    numbers = [int.from_bytes(each, "big") for each in raw]
    texts = [
        *members,
        *map(str, numbers),
        *(f"{number:x}" for number in numbers),
        *pem(one).decode().splitlines()[1:-1],
    ]
    return [*raw, *(text.encode() for text in texts)]


def assert_secret(one: Pair, *told: object) -> None:
    """See that none of what was told has any of it: in text, repr or attributes, nor in the errors before an error."""
    seen: list[object] = []
    left = list(told)
    while left:
        value = left.pop()
        if any(value is other for other in seen) or value is None:
            continue
        seen.append(value)
        text = value if isinstance(value, bytes) else f"{value!s} {value!r} {getattr(value, '__dict__', '')}".encode()
        for secret in secrets_of(one):
            # Eight bytes of it are too much already.
            assert secret[: max(8, len(secret) // 2)] not in text
        if isinstance(value, BaseException):
            left += [value.__context__, value.__cause__, *value.args]
