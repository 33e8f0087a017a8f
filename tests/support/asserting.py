"""Sidecars that assert identities to the upstream: their keys, what they publish, and what the upstream gets."""

import json
import os
from pathlib import Path
from typing import Any

import jwt

from sidecar.keys.signing import SigningKey, generate

ISSUER, AUDIENCE, HEADER = "https://authz.demo.example", "orders-service", "x-auth-assertion"
#: Put behind any configuration of the tests.
ASSERTION = f"""\
assertion:
  issuer: {ISSUER}
  audiences: [{AUDIENCE}]
  lifetime_seconds: 10
  claims: [scope, tenant]
  keys: {{current: keys/current.jwk, next: keys/next.jwk, previous: keys/previous.jwk}}
"""


def put_keys(
    folder: Path, current: SigningKey, following: SigningKey | None = None, old: SigningKey | None = None
) -> None:
    """Exchange all key files at one moment, as Kubernetes does: ``keys`` is a link to a folder."""
    place = folder / f"keys-{os.urandom(8).hex()}"
    place.mkdir()
    for name, key in (("current", current), ("next", following), ("previous", old)):
        if key is not None:
            (place / f"{name}.jwk").write_text(json.dumps(key.private_jwk()), encoding="utf-8")
    link = folder / "keys.new"
    link.symlink_to(place)
    link.replace(folder / "keys")


def first_key(folder: Path) -> SigningKey:
    """Write one key, as there is at the beginning, and return it."""
    key = generate()
    put_keys(folder, key)
    return key


def ids(document: str) -> list[str]:
    """Return the key ids of a JWK Set."""
    return [str(key["kid"]) for key in json.loads(document)["keys"]]


def verified(token: str, document: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """Have PyJWT verify an assertion with a JWK Set, and return its claims."""
    keys = jwt.PyJWKSet.from_json(document)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    required = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"]
    return dict(jwt.decode(token, key, ["EdDSA"], {"require": required}, audience=audience, issuer=ISSUER, leeway=0))
