"""Signing a JWT (RFC 7519) with PyJWT."""

from collections.abc import Mapping

import jwt

from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey


def mint(key: SigningKey, claims: Mapping[str, Json]) -> str:
    """Return the compact JWS of ``claims``, with the key's id as ``kid``.

    Claims are signed as they are, also when no verifier would take them: bad tokens are needed too.
    """
    return jwt.encode(dict(claims), key.private, algorithm="EdDSA", headers={"kid": key.key_id})
