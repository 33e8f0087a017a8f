"""The key that a proof brings along (``jwk``, RFC 9449, section 4.2)."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hmac import compare_digest

from sidecar.core.keys import VerificationKey
from sidecar.core.strict_json import Json
from sidecar.keys.jwk import JwkError, thumbprint, verification_key


def read_proof_key(jwk: Mapping[str, Json], expected: bytes) -> VerificationKey:
    """Read a public JWK of the thumbprint ``expected``; raises ``JwkError``.

    A key that is another one costs a hash: who has stolen a token cannot make us look into keys of his own.
    """
    if jwk.get("kty") not in ("OKP", "EC", "RSA"):
        raise JwkError("kty is not that of a public key")
    if not compare_digest(thumbprint(jwk), expected):
        raise JwkError("not the key that the token is bound to")
    return _read(json.dumps(jwk, sort_keys=True))


@lru_cache(1024)
def _read(jwk: str) -> VerificationKey:
    """Read it once, not once a request: a client sends the same one again and again."""
    return verification_key(json.loads(jwk))
