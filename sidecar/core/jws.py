"""JWS compact serialisation (RFC 7515, sections 3.1 and 7.1), parsed and not yet believed.

``parse`` reads only what selects a key. ``jwk``, ``jku``, ``x5u``, ``x5c`` and ``x5t`` are never read: a token does
not get to say which key to trust (RFC 8725, section 3.10). ``crit`` and ``b64`` change what a signature means and are
refused (RFC 7515, section 4.1.11; RFC 7797).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sidecar.core import base64url
from sidecar.core.algorithm import BY_NAME, SIGNATURE_BYTES, Algorithm
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object

#: Characters. Longer key ids are seen nowhere, and they would fill logs.
MAX_KEY_ID = 256
#: RSA with a 16384-bit key, the largest that is taken, has signatures of 2048 bytes.
MAX_SIGNATURE_BYTES = 2048


#: Headers that are remembered, and characters of the longest one.
_MOST_HEADERS: Final = 64
_LONGEST_HEADER: Final = 512


class _Header(NamedTuple):
    """What of a header selects a key, read by all the rules below."""

    algorithm: Algorithm
    key_id: str | None
    type: str


#: What headers of tokens with good signatures came to, by their text: an issuer's tokens have one, or a few, and the
#: same text is read the same again. Nobody gets one in here without a key that is trusted.
KNOWN_HEADERS: dict[bytes, _Header] = {}


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A well-formed JWS whose signature nobody has checked.

    ``type`` is ``typ`` as a media type in lower case, without ``application/`` (RFC 7515, section 4.1.9); ``jwt`` where
    the token names none.
    """

    algorithm: Algorithm
    key_id: str | None
    type: str
    # None of these is in the repr: a token must never reach a log.
    signing_input: bytes = field(repr=False)  #: ASCII of ``header.payload``, which the signature covers
    payload: bytes = field(repr=False)  #: decoded
    signature: bytes = field(repr=False)  #: decoded


def parse(token: bytes, max_bytes: int) -> UnverifiedToken:
    """Take a compact JWS apart; raises ``Refusal``. ``max_bytes`` is looked at before any other work."""
    if len(token) > max_bytes:
        raise Refusal(Reason.TOKEN_TOO_LARGE, f"{len(token)} bytes, at most {max_bytes}")
    parts = token.split(b".", 3)  # no more pieces than show that there are too many
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise Refusal(Reason.TOKEN_MALFORMED, "not three parts")
    known = KNOWN_HEADERS.get(parts[0])
    if known is not None:
        return _with_known_header(token, parts, known)
    header, payload, signature = (_decode(part) for part in parts)
    members = _read_header(header)
    algorithm = _read_algorithm(members)
    if not _fits(signature, algorithm):
        raise Refusal(Reason.BAD_SIGNATURE, "wrong length")
    signing_input = token[: -len(parts[2]) - 1]
    return UnverifiedToken(algorithm, _read_key_id(members), _read_type(members), signing_input, payload, signature)


def remember_header(token: UnverifiedToken) -> None:
    """Have the header of ``token`` not be read again. INVARIANT: only once its signature was found good."""
    text = token.signing_input.partition(b".")[0]
    if text in KNOWN_HEADERS or len(text) > _LONGEST_HEADER:
        return
    if len(KNOWN_HEADERS) >= _MOST_HEADERS:
        KNOWN_HEADERS.clear()
    KNOWN_HEADERS[text] = _Header(token.algorithm, token.key_id, token.type)


def _with_known_header(token: bytes, parts: list[bytes], header: _Header) -> UnverifiedToken:
    """Take the rest apart, in the order in which all of it is."""
    payload, signature = _decode(parts[1]), _decode(parts[2])
    if not _fits(signature, header.algorithm):
        raise Refusal(Reason.BAD_SIGNATURE, "wrong length")
    return UnverifiedToken(*header, token[: -len(parts[2]) - 1], payload, signature)


def _decode(part: bytes) -> bytes:
    try:
        decoded = base64url.decode(part)
    except base64url.Base64UrlError:
        raise Refusal(Reason.TOKEN_MALFORMED, "a part is not base64url") from None
    return decoded


def _read_header(data: bytes) -> Mapping[str, Json]:
    try:
        header = loads_object(data)
    except JsonError as error:
        raise Refusal(Reason.TOKEN_MALFORMED, f"header: {error}") from None
    if "crit" in header or "b64" in header:
        raise Refusal(Reason.CRITICAL_HEADER, "crit or b64 in the header")
    if "enc" in header or "zip" in header:
        raise Refusal(Reason.TOKEN_MALFORMED, "enc or zip in the header: that is JWE, not JWS")
    return header


def _read_algorithm(header: Mapping[str, Json]) -> Algorithm:
    name = header.get("alg")
    if not isinstance(name, str):
        raise Refusal(Reason.TOKEN_MALFORMED, "alg is not a string")
    algorithm = BY_NAME.get(name)
    if algorithm is None:
        raise Refusal(Reason.ALGORITHM_NOT_ALLOWED, "alg is not supported")
    return algorithm


def _read_key_id(header: Mapping[str, Json]) -> str | None:
    if "kid" not in header:
        return None
    key_id = header["kid"]
    if not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID:
        raise Refusal(Reason.TOKEN_MALFORMED, "kid is not a short string")
    return key_id


def _read_type(header: Mapping[str, Json]) -> str:
    name = header.get("typ", "JWT")
    if not isinstance(name, str):
        raise Refusal(Reason.TOKEN_MALFORMED, "typ is not a string")
    return name.lower().removeprefix("application/")


def _fits(signature: bytes, algorithm: Algorithm) -> bool:
    expected = SIGNATURE_BYTES.get(algorithm)
    return len(signature) == expected if expected else 0 < len(signature) <= MAX_SIGNATURE_BYTES
