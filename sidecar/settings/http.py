"""The two HTTP listeners: probes and metrics, and administration."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sidecar.http.address import is_loopback, parse
from sidecar.settings.base import Model, Text, checked
from sidecar.transport.address import TcpAddress

_Address = Annotated[str, checked(parse)]
#: A listener that ``false`` switches off.
_Switchable = Annotated[
    _Address | None,
    BeforeValidator(lambda value: None if value is False else value, json_schema_input_type=_Address | Literal[False]),
]
#: A name or address as it stands in a Host header, without port.
_Host = Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})$")]


class ProbeSettings(Model):
    """Probes and metrics: /livez, /readyz and /metrics, for whoever can reach the pod."""

    listen: _Switchable = Field(
        "0.0.0.0:9190",
        description="Where: an IP address with a port ([::]:9190 for both families), or unix:/path; false for nowhere. "
        "All of the pod's addresses, since kubelet and Prometheus ask there; 9190, beside Envoy's 9191 and up.",
    )
    max_connections: int = Field(
        64, ge=4, le=4096, description="Connections open at once; one more, and the oldest has to go."
    )
    timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Seconds from a connection's beginning to the end of its one answer. 10 is the longest that "
        "Prometheus waits by default.",
    )


class AdminTlsSettings(Model):
    """TLS of the administration. Renewed files count from the next connection on."""

    certificate_file: Text = Field(description="Our certificate and its chain, in PEM.")
    key_file: Text = Field(description="Its private key, in PEM, not encrypted.")
    client_ca_file: Text | None = Field(
        None,
        description="CAs, in PEM, of the certificates that clients must show. Every certificate of theirs opens the "
        "administration: use a CA of its own, not the mesh's.",
    )


class AdminSettings(Model):
    """Administration. Off unless it is told where to listen."""

    listen: _Switchable = Field(
        None,
        description="Where: unix:/path, which the socket's permissions protect, or an IP address with a port, which "
        "takes bearer_token_file or tls.client_ca_file. Default: nowhere.",
    )
    socket_mode: Literal["0600", "0660"] = Field(
        "0600", description="Permissions of the Unix socket: for our own user, or for our group as well."
    )
    bearer_token_file: Text | None = Field(
        None,
        description="A file with a bearer token of 32 to 1024 bytes, which every request must then carry. It is read "
        "at each request, so a renewed one counts at once.",
    )
    tls: AdminTlsSettings | None = Field(None, description="TLS, for TCP. Default: none.")
    allowed_hosts: list[_Host] = Field(
        default=[],
        max_length=32,
        description="Names in the Host header, without port, beside localhost and the address itself. Others are "
        "refused: a browser that DNS rebinding led here sends another name.",
    )
    max_connections: int = Field(
        16, ge=1, le=1024, description="Connections open at once; one more, and the oldest has to go."
    )
    timeout_seconds: float = Field(
        30.0, gt=0, le=300, description="Seconds from a connection's beginning to the end of its one answer."
    )

    @model_validator(mode="after")
    def _protected(self) -> Self:
        address = parse(self.listen) if self.listen is not None else None
        if not isinstance(address, TcpAddress):
            return self._only_for_tcp()
        if self.bearer_token_file is None and (self.tls is None or self.tls.client_ca_file is None):
            raise ValueError(
                f"'listen: {self.listen}' takes 'bearer_token_file' or 'tls' with 'client_ca_file': whatever runs in "
                "the pod can reach it, on loopback too; or listen on unix:/path"
            )
        if self.tls is None and not is_loopback(address):
            raise ValueError(
                f"'listen: {self.listen}' takes 'tls', since the bearer token would cross the network in the clear; or "
                "listen on loopback or unix:/path"
            )
        return self

    def _only_for_tcp(self) -> Self:
        if self.tls is not None and self.listen is not None:
            raise ValueError("'tls' goes with an IP address only; leave it out, the socket's permissions protect it")
        return self
