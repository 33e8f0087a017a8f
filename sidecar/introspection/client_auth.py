"""How the sidecar shows an issuer who it is. Secrets are read when they are needed, so that a renewed one counts."""

import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_plus

from sidecar.core import base64url
from sidecar.core.introspection import Client, Reference
from sidecar.core.strict_json import Json
from sidecar.keys.regular_file import open_regular
from sidecar.tokens.claims import encode_header, encode_part, encode_token
from sidecar.tokens.key_file import KeyFile, SigningKeyError, read_minting_key

#: Seconds from an assertion's iat to its exp: it is used at once, and once.
_ASSERTION_LIFETIME = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_SECRET_BYTES = 16 * 1024


class ClientAuthError(Exception):
    """There is no secret to authenticate with. The text says where one was looked for; never what was found."""


def authentication(client: Client, folder: Path, now: float) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return headers and form fields that authenticate ``client``; raises ``ClientAuthError``.

    ``now`` is in seconds since the epoch; relative file names are relative to ``folder``.
    """
    if client.auth == "private_key_jwt":
        assertion = _assertion(client, folder, now)
        return {}, {
            "client_id": client.client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
    secret = _secret(client.secret, folder)
    if client.auth == "bearer":
        return {"authorization": f"Bearer {secret}"}, {}
    # RFC 6749, section 2.3.1: both halves are form-encoded first.
    pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}, {}


def _assertion(client: Client, folder: Path, now: float) -> str:
    """Return a JWT that says who we are (RFC 7523, section 3)."""
    try:
        key = read_minting_key(KeyFile(folder / client.secret.name))
    except SigningKeyError as error:
        raise ClientAuthError(str(error)) from None
    claims: dict[str, Json] = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": client.audience,
        "iat": int(now),
        "exp": int(now) + _ASSERTION_LIFETIME,
        "jti": base64url.encode(secrets.token_bytes(16)).decode("ascii"),
    }
    signing_input = encode_header(key.public, "JWT") + b"." + encode_part(claims)
    return encode_token(signing_input, key.sign(signing_input)).decode("ascii")


def _secret(reference: Reference, folder: Path) -> str:
    is_file = reference.kind == "file"
    found = _file(folder / reference.name) if is_file else os.environ.get(reference.name, "")
    text = found.strip()
    if not text or not text.isprintable():
        raise ClientAuthError(f"{reference.kind} {reference.name}: no secret in it")
    return text


def _file(path: Path) -> str:
    try:
        with open_regular(path) as opened:
            return opened.read(_MAX_SECRET_BYTES).decode("utf-8")
    except OSError as error:
        raise ClientAuthError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ClientAuthError(f"{path}: not UTF-8") from None
