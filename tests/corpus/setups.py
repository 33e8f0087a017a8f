"""Who is trusted for what, by name: configurations as they stand in a file, and the good token that each takes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from corpus.keys import SECRET, public_jwk
from sidecar.core.trust import Trust
from sidecar.loading.trust import compile_trust
from sidecar.settings import Settings
from support.tokens import AUDIENCE, ISSUER, NOW

OTHER_ISSUER = "https://other.example"
_CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": int(NOW) - 10, "exp": int(NOW) + 600}
_RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_FILE = {"keys": {"file": "given beside it"}}


@dataclass(frozen=True)
class Setup:
    """Issuers, the JWK Set or secret of each, and of the good token the key, header and claims.

    ``key`` is ``None`` where the secret signs.
    """

    issuers: list[dict[str, Any]]
    keys: list[bytes]
    key: str | None
    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(default_factory=lambda: _CLAIMS)

    def trust(self) -> Trust:
        """Return the Trust, made by the real compiler."""
        policies = [{"name": "all", "action": "allow", "rules": [{}]}]
        settings = Settings.model_validate({"issuers": self.issuers, "policies": policies})
        return compile_trust(settings, self.keys).trust


def _issuer(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {"issuer": ISSUER, "audiences": [AUDIENCE]} | _FILE | fields


def _set(*names: str, **changes: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps({"keys": [public_jwk(name, **changes) for name in names]}).encode()


def _hmac(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    keys = {"hmac_secret": {"file": "given beside it", "key_id": "s1"}}
    return _issuer(algorithms=["HS256"], **fields) | {"keys": keys}


def _one(algorithms: list[str], keys: bytes, key: str, header: Mapping[str, Any]) -> Setup:
    return Setup([_issuer(algorithms=algorithms)], [keys], key, header)


_ED = {"alg": "EdDSA", "kid": "ed"}
_BY_RSA = {"alg": "RS256", "kid": "rsa"}
_BY_SECRET = {"alg": "HS256", "kid": "s1"}

_SETUPS: dict[str, Callable[[], Setup]] = {
    # One key, and no more than that.
    "ed": lambda: _one(["EdDSA"], _set("ed"), "ed", _ED),
    # Two keys for one algorithm.
    "rotating": lambda: _one(["EdDSA"], _set("ed-old", "ed-new"), "ed-new", {"alg": "EdDSA", "kid": "new"}),
    # A key that names its algorithm; one that does not, for all six, with a good token of either family.
    "rsa": lambda: _one(["RS256"], _set("rsa"), "rsa", _BY_RSA),
    "rsa-any": lambda: _one(_RSA, _set("rsa", alg=None), "rsa", _BY_RSA),
    "pss": lambda: _one(_RSA, _set("rsa", alg=None), "rsa", _BY_RSA | {"alg": "PS256"}),
    "rsa-e3": lambda: _one(["RS256"], _set("rsa-e3"), "rsa-e3", _BY_RSA),
    "ec": lambda: _one(
        ["ES256", "ES384", "ES512"], _set("p256", "p384", "p521"), "p256", {"alg": "ES256", "kid": "p256"}
    ),
    # Three kinds of keys in one set, and the issuer takes all of them.
    "mixed": lambda: _one(["EdDSA", "ES256", "RS256"], _set("ed", "p256", "rsa"), "ed", _ED),
    "hmac": lambda: Setup([_hmac()], [SECRET], None, _BY_SECRET),
    # The good token is that of the issuer with the secret.
    "hmac-and-rsa": lambda: Setup(
        [_hmac(), _issuer(issuer=OTHER_ISSUER, algorithms=["RS256"])], [SECRET, _set("rsa")], None, _BY_SECRET
    ),
    # Two issuers that call their keys the same.
    "two": lambda: Setup(
        [_issuer(), _issuer(issuer=OTHER_ISSUER, audiences=["payments"])],
        [_set("ed-a"), _set("ed-b")],
        "ed-a",
        {"alg": "EdDSA", "kid": "shared"},
    ),
    # Access tokens alone (RFC 9068), for an hour, each with a name.
    "strict": lambda: Setup(
        [_issuer(token_types=["at+jwt"], max_lifetime_seconds=3600, required_claims=["sub", "jti"])],
        [_set("ed")],
        "ed",
        _ED | {"typ": "at+jwt"},
        _CLAIMS | {"jti": "t-1"},
    ),
}
NAMES = list(_SETUPS)


@cache
def setup(name: str) -> Setup:
    """Return the set-up of that name."""
    return _SETUPS[name]()


@cache
def trust_of(name: str) -> Trust:
    """Return its Trust, the same one each time."""
    return setup(name).trust()
