"""The signature algorithms the sidecar knows (RFC 7518, section 3; RFC 8037; RFC 9864).

``none`` is not here, so no configuration can let it in. ``HS256`` is for issuers whose secret the configuration names,
and for nothing else: whoever can verify with it can sign.
"""

from enum import StrEnum
from typing import Final


class Algorithm(StrEnum):
    """A JWS algorithm; the value is the name that configuration uses."""

    # Enum's own is written in Python; a new token's algorithm is looked up eight times.
    __hash__ = str.__hash__

    EDDSA = "EdDSA"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    HS256 = "HS256"


#: Those whose key is a secret. It never comes out of a key set, which is public, and never leaves the process.
SYMMETRIC: Final = frozenset({Algorithm.HS256})
#: All others, in the order in which they are declared.
ASYMMETRIC: Final = tuple(algorithm for algorithm in Algorithm if algorithm not in SYMMETRIC)

#: Every spelling a token's ``alg`` may have. ``Ed25519`` is the fully specified name of RFC 9864 for what RFC 8037
#: calls ``EdDSA``; Ed448 is neither here nor there.
BY_NAME: dict[str, Algorithm] = {algorithm.value: algorithm for algorithm in Algorithm} | {"Ed25519": Algorithm.EDDSA}

#: The signature's length in bytes where it is fixed; RSA's is its key's.
SIGNATURE_BYTES: dict[Algorithm, int] = {
    Algorithm.EDDSA: 64,
    Algorithm.ES256: 64,
    Algorithm.ES384: 96,
    Algorithm.ES512: 132,
    Algorithm.HS256: 32,
}
