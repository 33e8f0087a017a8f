"""TLS towards the administration: whose certificate is believed, and which one is shown."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from sidecar.transport.tls import TlsError, believe, show

_FIRST = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certified:
    """The address's name stands in a certificate of one of the CAs in ``ca_file``; ``None``: of the system's."""

    ca_file: Path | None

    def context(self) -> ssl.SSLContext:
        """Return a context that believes these; raises ``TlsError``."""
        context = ssl.create_default_context() if self.ca_file is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca_file is not None:
            believe(context, str(self.ca_file))
        return context

    def doubt(self, why: str) -> str:
        """Say that whoever answers is not believed."""
        known = "give --admin-ca-file" if self.ca_file is None else f"{self.ca_file} says whose does"
        return f"its certificate does not do: {why}; {known}"


@dataclass(frozen=True, slots=True)
class Pinned:
    """The certificate is the first in a file, whatever names are in it: who configured the sidecar says so."""

    certificate_file: Path

    def context(self) -> ssl.SSLContext:
        """Return a context that believes this one and no other; raises ``TlsError``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        # What is believed is then this certificate itself, and not only what a CA has signed.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            # Those after the first are its chain, whose other certificates are not ours.
            first = _FIRST.search(self.certificate_file.read_text(encoding="ascii", errors="replace"))
            context.load_verify_locations(cadata=first[0] if first else "")
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "no certificate in PEM"
            raise TlsError(f"cannot use {self.certificate_file}: {why}") from None
        return context

    def doubt(self, why: str) -> str:
        """Say that whoever answers is not believed."""
        return f"whoever answers there does not show {self.certificate_file}: {why}"


@dataclass(frozen=True, slots=True)
class ClientTls:
    """``certificate`` is what is shown, and its key; both in PEM. Files are read for each connection."""

    believed: Certified | Pinned
    certificate: tuple[Path, Path] | None = None

    def context(self) -> ssl.SSLContext:
        """Return a context made of the files as they are now; raises ``TlsError``."""
        context = self.believed.context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["http/1.1"])
        if self.certificate is not None:
            show(context, *map(str, self.certificate))
        return context

    def why(self, error: Exception) -> str:
        """Say what went wrong, and what to do about it."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return self.believed.doubt(error.verify_message)
        if isinstance(error, ssl.SSLEOFError | ConnectionError):
            # Of a certificate that does not do the listener says nothing more: asyncio's sends no alert.
            shown = f"does it take {self.certificate[0]}" if self.certificate else "does it take client certificates"
            return f"it ended the connection: {shown}? --admin-certificate-file has ours"
        if isinstance(error, ssl.SSLError):
            return f"no TLS 1.3 with it: {error.reason or error}; does it have TLS? Without, leave out https://"
        return f"{error}; is the sidecar running?"
