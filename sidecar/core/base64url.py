"""Strict base64url without padding (RFC 7515, section 2; RFC 4648, sections 3.5 and 5)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALPHABET = re.compile(rb"[A-Za-z0-9_-]*")


class Base64UrlError(ValueError):
    """The text is not the one canonical base64url spelling of any bytes."""


def decode(text: bytes) -> bytes:
    """Decode ``text``; raises ``Base64UrlError`` for anything but the canonical spelling.

    Padding, white space, the ``+`` and ``/`` of plain base64 and non-zero trailing bits are refused: with them one
    token would have several spellings, and a cache or denylist keyed by its text could be walked around.
    """
    if len(text) % 4 == 1 or _ALPHABET.fullmatch(text) is None:
        raise Base64UrlError
    decoded = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if encode(decoded) != text:
        raise Base64UrlError
    return decoded


def encode(data: bytes) -> bytes:
    """Encode ``data`` without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")
