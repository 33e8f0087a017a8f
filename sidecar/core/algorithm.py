"""The signature algorithms the sidecar knows (RFC 7518, section 3; RFC 8037; RFC 9864).

Symmetric algorithms and ``none`` are not here, so no configuration can let them in: a key set is public.
"""

from enum import StrEnum


class Algorithm(StrEnum):
    """A JWS algorithm; the value is the name that configuration uses."""

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


#: Every spelling a token's ``alg`` may have. ``Ed25519`` is the fully specified name of RFC 9864 for what RFC 8037
#: calls ``EdDSA``; Ed448 is neither here nor there.
BY_NAME: dict[str, Algorithm] = {algorithm.value: algorithm for algorithm in Algorithm} | {"Ed25519": Algorithm.EDDSA}

#: The signature's length in bytes where it is fixed; RSA's is its key's.
SIGNATURE_BYTES: dict[Algorithm, int] = {
    Algorithm.EDDSA: 64,
    Algorithm.ES256: 64,
    Algorithm.ES384: 96,
    Algorithm.ES512: 132,
}
