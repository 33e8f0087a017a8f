"""Until when the certificates are good that keys come with (RFC 7517, section 4.7). No check asks for it."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import lru_cache

from cryptography import x509

from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.jwk import JwkError, thumbprint


@lru_cache(maxsize=64)
def certified_until(document: bytes) -> Mapping[bytes, float]:
    """Return until when the first certificate of each key is good, by the key's thumbprint (RFC 7638).

    In seconds since the epoch. ``document`` is a JWK Set; what cannot be read is left out, be it all of it. That a
    certificate is the key's own is not looked at: it is told, and nothing goes by it.
    """
    try:
        members = loads_object(document).get("keys")
    except JsonError:
        return {}
    return dict(_times(members)) if isinstance(members, list) else {}


def first_until(pem: bytes) -> float:
    """Return the same of the first certificate in PEM (RFC 7468), a server's own; raises ``ValueError``."""
    return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc.timestamp()


def _times(members: list[Json]) -> Iterator[tuple[bytes, float]]:
    for member in members:
        chain = member.get("x5c") if isinstance(member, dict) else None
        if not isinstance(member, dict) or not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
            continue
        try:
            certificate = x509.load_der_x509_certificate(b64decode(chain[0], validate=True))
            yield thumbprint(member), certificate.not_valid_after_utc.timestamp()
        except (ValueError, JwkError, KeyError):
            continue
