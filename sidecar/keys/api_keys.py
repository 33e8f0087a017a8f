"""Files of API keys: JSON Lines, one key a line; empty lines, and those that begin with ``#``, are for people.

{"hash": "sha256:<64 hex digits>", "subject": "batch", "scopes": ["orders:read"], "expires": "2027-01-01T00:00:00Z"}
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sidecar.core import base64url
from sidecar.core.api_key import ApiKey
from sidecar.core.strict_json import Json, JsonError, loads_object

#: Bytes; some 20,000 keys.
MAX_FILE_BYTES = 4 * 1024 * 1024
#: So that scanners of leaked secrets know one when they see it.
PREFIX = "authz_"
_KEY_BYTES = 32
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, section 3.3
_MEMBERS = ("hash", "subject", "scopes", "claims", "expires")
#: They follow from the line's other members, or mean something that no API key has.
_TAKEN = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "cnf"})


class ApiKeysError(ValueError):
    """A file of API keys that cannot be used. The text says why, and names the line; nothing of its content."""


def generate_key() -> str:
    """Return a new key: 256 bits of chance."""
    return PREFIX + base64url.encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def hash_of(key: str) -> str:
    """Return a key's hash as it stands in a file."""
    return f"sha256:{sha256(key.encode()).hexdigest()}"


def read_api_keys(document: bytes) -> tuple[ApiKey, ...]:
    """Read a file; raises ``ApiKeysError``. One without keys is one that lets nobody in."""
    if len(document) > MAX_FILE_BYTES:
        raise ApiKeysError(f"larger than {MAX_FILE_BYTES} bytes")
    keys: dict[bytes, ApiKey] = {}
    for number, line in enumerate(document.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            key = _read(loads_object(text))
        except (JsonError, ApiKeysError) as error:
            raise ApiKeysError(f"line {number}: {error}") from None
        if key.key_hash in keys:
            raise ApiKeysError(f"line {number}: this key is there twice; which of the two is meant?")
        keys[key.key_hash] = key
    return tuple(keys.values())


def _read(line: Mapping[str, Json]) -> ApiKey:
    unknown = sorted(line.keys() - set(_MEMBERS))
    if unknown:
        raise ApiKeysError(f"{unknown[0]!r} is no member; allowed: {', '.join(_MEMBERS)}")
    found = _HASH.fullmatch(_text(line, "hash"))
    if found is None:
        raise ApiKeysError("'hash' is not sha256: and 64 hex digits; see 'authz-sidecar keys api-key'")
    return ApiKey(bytes.fromhex(found[1]), _text(line, "subject"), _scopes(line), _claims(line), _expires(line))


def _text(line: Mapping[str, Json], name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str) or not value:
        raise ApiKeysError(f"{name!r} is not a string" if name in line else f"{name!r} is missing")
    return value


def _scopes(line: Mapping[str, Json]) -> frozenset[str]:
    value = line.get("scopes", [])
    texts = [one for one in value if isinstance(one, str) and _SCOPE.fullmatch(one)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(texts) != len(value):
        raise ApiKeysError("'scopes' is not a list of scopes without spaces (RFC 6749, section 3.3)")
    return frozenset(texts)


def _claims(line: Mapping[str, Json]) -> Mapping[str, Json]:
    value = line.get("claims", {})
    if not isinstance(value, dict):
        raise ApiKeysError("'claims' is not an object")
    taken = sorted(_TAKEN & value.keys())
    if taken:
        raise ApiKeysError(f"'claims' has {taken[0]!r}, which follows from other members or has no meaning for a key")
    return value


def _expires(line: Mapping[str, Json]) -> float | None:
    if "expires" not in line:
        return None
    try:
        when = datetime.fromisoformat(_text(line, "expires"))
    except ValueError as error:
        raise error if isinstance(error, ApiKeysError) else ApiKeysError("'expires' is no time") from None
    if when.tzinfo is None:
        raise ApiKeysError("'expires' has no time zone; write it as 2027-01-01T00:00:00Z (RFC 3339)")
    return when.timestamp()
