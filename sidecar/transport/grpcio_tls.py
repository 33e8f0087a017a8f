"""TLS of the grpcio front: credentials from files, and when the files have others in them.

gRPC can ask for certificates anew at each handshake (``dynamic_ssl_server_credentials``). It does so from threads of
its own, in a way that under load now and then corrupts the interpreter: seen with grpcio 1.85 and Python 3.11, as
crashes in the garbage collector. So the front starts another server with the new certificate, and then ends the old.
"""

from pathlib import Path

import grpc

from sidecar.keys.regular_file import read_regular
from sidecar.transport.tls import Tls, TlsError

#: Seconds between two looks at the files.
LOOK_SECONDS = 1.0


class Certificates:
    """What the files of ``tls`` hold. Raises ``TlsError`` where that does not do."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = self._read_at = self._stamp()
        self.credentials = self._read()

    def renewed(self) -> bool:
        """Say whether the files hold others by now than those ``used``, which are then ``credentials``.

        Raises ``TlsError``. In the middle of a renewal one file is new and the other old: the error then is over by the
        next look.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self.credentials = self._read()
        self._read_at = stamp
        return True

    def used(self) -> None:
        """Note that ``credentials`` are in use, and the files need not be read again until they change."""
        self._seen = self._read_at

    def _read(self) -> grpc.ServerCredentials:
        tls = self._tls
        tls.context("h2")  # gRPC takes a key that does not fit, and fails each handshake
        try:
            chain, key = read_regular(Path(tls.certificate_file)), read_regular(Path(tls.key_file))
            authorities = None if tls.client_ca_file is None else read_regular(Path(tls.client_ca_file))
        except OSError as error:
            raise TlsError(f"cannot be read: {error.filename}: {error.strerror}") from None
        return grpc.ssl_server_credentials(
            [(key, chain)], root_certificates=authorities, require_client_auth=authorities is not None
        )

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        files = filter(None, (self._tls.certificate_file, self._tls.key_file, self._tls.client_ca_file))
        try:
            found = [Path(file).stat() for file in files]
        except OSError as error:
            raise TlsError(f"cannot be read: {error.filename}: {error.strerror}") from None
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)
