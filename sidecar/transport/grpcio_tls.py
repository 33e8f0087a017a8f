"""TLS of the grpcio front: certificates are read anew when their files change, and no connection is dropped for it."""

import logging
from pathlib import Path

import grpc

from sidecar.transport.tls import Tls, TlsError

_Stamp = tuple[tuple[int, int, int], ...]

_log = logging.getLogger(__name__)


def credentials(tls: Tls) -> grpc.ServerCredentials:
    """Return credentials that follow the files of ``tls``; raises ``TlsError`` for files that do not do now."""
    certificates = _Certificates(tls)
    return grpc.dynamic_ssl_server_credentials(
        certificates.first,
        certificates.renewed,  # type: ignore[arg-type]  # missing in the stubs: None is "no change"
        require_client_authentication=tls.client_ca_file is not None,
    )


class _Certificates:
    """``renewed`` is asked by gRPC before each handshake, in a thread of its own."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = self._stamp()
        self.first = self._read()

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what the files hold where they changed and are good; ``None``: go on with what there is."""
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return None
            read = self._read()
        except TlsError as error:
            # In the middle of a renewal one file is new and the other old: the next handshake looks again.
            _log.warning("the certificate in use stays in use: %s", error)
            return None
        self._seen = stamp
        return read

    def _read(self) -> grpc.ServerCertificateConfiguration:
        tls = self._tls
        tls.context("h2")  # gRPC takes a key that does not fit, and fails each handshake
        try:
            chain, key = Path(tls.certificate_file).read_bytes(), Path(tls.key_file).read_bytes()
            authorities = None if tls.client_ca_file is None else Path(tls.client_ca_file).read_bytes()
        except OSError as error:
            raise TlsError(f"cannot be read: {error.filename}: {error.strerror}") from None
        return grpc.ssl_server_certificate_configuration([(key, chain)], authorities)

    def _stamp(self) -> _Stamp:
        files = filter(None, (self._tls.certificate_file, self._tls.key_file, self._tls.client_ca_file))
        try:
            found = [Path(file).stat() for file in files]
        except OSError as error:
            raise TlsError(f"cannot be read: {error.filename}: {error.strerror}") from None
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)
