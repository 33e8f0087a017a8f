"""Certificates, for whoever listens beyond this machine."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sidecar.settings.base import Model, Text, checked
from sidecar.transport.caller_name import parse_name


class TlsSettings(Model):
    """TLS of the checks. Renewed files count from the next connection on; those that are open go on."""

    certificate_file: Text = Field(description="Our certificate and its chain, in PEM.")
    key_file: Text = Field(description="Its private key, in PEM, not encrypted.")
    client_ca_file: Text | None = Field(
        None,
        description="CAs, in PEM, of the certificates that Envoy must show. Default: whoever can connect may ask.",
    )
    client_names: list[Annotated[str, checked(parse_name)]] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Who of those may ask, by the certificate's subject alternative names: SPIFFE IDs "
        "(spiffe://cluster.local/ns/shop/sa/orders), all of a trust domain or namespace "
        "(spiffe://cluster.local/ns/shop/*), or DNS names. Others are denied (caller_not_allowed). "
        "Default: every certificate of 'client_ca_file'.",
    )

    @model_validator(mode="after")
    def _certified(self) -> Self:
        if self.client_names is not None and self.client_ca_file is None:
            raise ValueError("'client_names' takes 'client_ca_file': a name that nobody vouches for is no name")
        return self
