"""Strict base64url without padding (RFC 7515, section 2; RFC 4648, sections 3.5 and 5)."""

import binascii
from base64 import urlsafe_b64encode
from string import ascii_letters, digits

#: Each byte in plain base64; all that base64url does not have becomes what no base64 has, ``+``, ``/`` and ``=`` too.
_TO_PLAIN = bytes(
    ({one: one for one in (ascii_letters + digits).encode()} | dict(zip(b"-_", b"+/", strict=True))).get(byte, ord("!"))
    for byte in range(256)
)
#: By how many characters there are beyond groups of four: the padding that was left out, and the last characters whose
#: trailing bits, which belong to no byte, are zero. One more alone is no byte at all.
_PADDING = (b"", b"", b"==", b"=")
_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


class Base64UrlError(ValueError):
    """The text is not the one canonical base64url spelling of any bytes."""


def decode(text: bytes) -> bytes:
    """Decode ``text``; raises ``Base64UrlError`` for anything but the canonical spelling.

    Padding, white space, the ``+`` and ``/`` of plain base64 and non-zero trailing bits are refused: with them one
    token would have several spellings, and a cache or denylist keyed by its text could be walked around.
    """
    beyond = len(text) % 4  # without a remainder there are no trailing bits
    if beyond and text[-1] not in _LAST[beyond]:
        raise Base64UrlError
    try:
        return binascii.a2b_base64(text.translate(_TO_PLAIN) + _PADDING[beyond], strict_mode=True)
    except binascii.Error:
        raise Base64UrlError from None


def encode(data: bytes) -> bytes:
    """Encode ``data`` without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")
