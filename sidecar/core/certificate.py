"""The client's certificate as Envoy passes it: PEM (RFC 7468), URL-encoded, of the connection a request came on."""

import re
from base64 import b64decode
from functools import lru_cache
from hashlib import sha256
from urllib.parse import unquote

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/\n]+={0,2})\n-----END CERTIFICATE-----\n?")
#: Characters; certificates are some KiB.
_LONGEST = 64 * 1024


@lru_cache(256)
def certificate_thumbprint(encoded: str) -> bytes | None:
    """Return the SHA-256 of the certificate's DER (RFC 8705, section 3.1), ``None`` for what is not exactly one.

    Envoy has seen in the handshake that the client has its key; whether anybody vouches for the certificate is Envoy's
    to say as well (RFC 8705 knows both).
    """
    if not encoded or len(encoded) > _LONGEST:
        return None
    found = _PEM.fullmatch(unquote(encoded).replace("\r\n", "\n"))
    try:
        return None if found is None else sha256(b64decode(found[1].replace("\n", ""), validate=True)).digest()
    except ValueError:
        return None
