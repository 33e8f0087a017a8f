"""TLS from files: our certificate, and whose certificates clients must have."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sidecar.keys.regular_file import must_be_regular


class TlsError(Exception):
    """The files do not do. The text names them."""


class TlsFiles(Protocol):
    """What a configuration names: files, as they stand there."""

    @property
    def certificate_file(self) -> str:
        """Our certificate and its chain."""

    @property
    def key_file(self) -> str:
        """Its private key."""

    @property
    def client_ca_file(self) -> str | None:
        """CAs of the certificates that clients must show."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM. With ``client_ca_file`` a client must show a certificate that leads to one of the CAs in it."""

    certificate_file: str
    key_file: str
    client_ca_file: str | None = None

    def context(self, protocol: str = "http/1.1") -> ssl.SSLContext:
        """Return a context made of the files as they are now, for this ALPN protocol; raises ``TlsError``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols([protocol])
        show(context, self.certificate_file, self.key_file)
        if self.client_ca_file is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            believe(context, self.client_ca_file)
        return context


def show(context: ssl.SSLContext, certificate_file: str, key_file: str) -> None:
    """Have a context show this certificate, with its chain; raises ``TlsError``."""
    try:
        for file in (certificate_file, key_file):
            must_be_regular(Path(file))
        # Without a password of ours OpenSSL would ask for one on the terminal, and wait.
        context.load_cert_chain(certificate_file, key_file, password=lambda: "")
    except (OSError, ValueError) as error:
        raise TlsError(f"cannot use {certificate_file} with {key_file}: {_why(error)}") from None


def believe(context: ssl.SSLContext, ca_file: str) -> None:
    """Have a context believe what the CAs in a file have signed; raises ``TlsError``."""
    try:
        must_be_regular(Path(ca_file))
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise TlsError(f"cannot use {ca_file}: {_why(error)}") from None


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not in PEM, or encrypted"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def tls_in(folder: Path, files: TlsFiles) -> Tls:
    """Return the files of a configuration that stands in ``folder``, for which relative names are meant."""
    authority = files.client_ca_file
    return Tls(
        str(folder / files.certificate_file),
        str(folder / files.key_file),
        None if authority is None else str(folder / authority),
    )
