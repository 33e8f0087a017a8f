"""Certificates, for whoever listens beyond this machine."""

from pydantic import Field

from sidecar.settings.base import Model, Text


class TlsSettings(Model):
    """TLS of the checks. Renewed files count from the next connection on; those that are open go on."""

    certificate_file: Text = Field(description="Our certificate and its chain, in PEM.")
    key_file: Text = Field(description="Its private key, in PEM, not encrypted.")
    client_ca_file: Text | None = Field(
        None,
        description="CAs, in PEM, of the certificates that Envoy must show. Default: whoever can connect may ask.",
    )
