"""Who may ask over TLS: names in the certificate that a client has shown, which gRPC has verified.

Names are subject alternative names (RFC 5280, 4.2.1.6), read out of the certificate itself: gRPC's own list of them
does not say which are of what kind, and ends a name at a NUL that is in it. A SPIFFE ID is a certificate's one URI
(X.509-SVID, 2): of a certificate with several none counts. The common name never counts (RFC 9525, 2).
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from cryptography import x509

from sidecar.transport.caller_name import EVERY, is_dns_name, is_spiffe_id, parse_name
from sidecar.transport.seldom import Seldom

#: What gRPC calls the certificate, in PEM. It is there only where the client has shown one that was verified.
_CERTIFICATE: Final = "x509_pem_cert"
#: Certificates whose names are remembered: those of all clients of a node, and of their renewals.
_REMEMBERED: Final = 1024

_log = logging.getLogger(__name__)


class Callers:
    """Those with one of these names, as ``parse_name`` takes them. ``clock`` returns seconds, for the log."""

    def __init__(self, names: Iterable[str], clock: Callable[[], float]) -> None:
        given = [parse_name(name) for name in names]
        self._exact = frozenset(name for name in given if not name.endswith(EVERY))
        self._below = tuple(name[:-1] for name in given if name.endswith(EVERY))
        self._refused = Seldom(clock)
        self._names = lru_cache(_REMEMBERED)(_names_in)

    def admit(self, context: Mapping[str, Iterable[bytes]]) -> bool:
        """Say whether a caller may ask, by gRPC's authentication context. One that shows no certificate may not."""
        shown = list(context.get(_CERTIFICATE, ()))
        names = self._names(shown[0]) if len(shown) == 1 else frozenset()
        if not names.isdisjoint(self._exact) or any(name.startswith(self._below) for name in names):
            return True
        count = self._refused.count()
        if count:
            _log.warning(
                "denied: a certificate for %s is not of tls.client_names; %d such checks since last told",
                ", ".join(sorted(names)[:8]) or "nobody whom a name could stand for",
                count,
            )
        return False


def _names_in(pem: bytes) -> frozenset[str]:
    """Return the names in a certificate that could be meant; none of one that cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        identifiers = found.get_values_for_type(x509.UniformResourceIdentifier)
        hosts = found.get_values_for_type(x509.DNSName)
    except Exception:  # noqa: BLE001 - whatever it is (an old version, a strange name): an error would be gRPC's
        return frozenset()
    # INVARIANT: no DNS name is ever taken for a SPIFFE ID, nor the other way round: their forms exclude each other.
    names = {host.lower() for host in hosts if is_dns_name(host.lower())}
    if len(identifiers) == 1 and is_spiffe_id(identifiers[0]):
        names.add(identifiers[0])
    return frozenset(names)
