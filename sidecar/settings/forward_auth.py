"""The front for proxies that ask over HTTP (docs/forward-auth.md)."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.settings.base import HeaderName, Model, Text, checked
from sidecar.settings.processes import Size
from sidecar.transport import address
from sidecar.transport.forward_auth.profile import PRESETS, Profile
from sidecar.transport.native.limits import KIB, MIB
from sidecar.transport.native.listening import SocketOptions


class ForwardAuthHeaderSettings(Model):
    """Headers in which the proxy says what it was asked for. It must set each of them on every request to us."""

    method: HeaderName | None = Field(
        None, description="The method. Default: x-original-method (nginx), x-forwarded-method (traefik)."
    )
    uri: HeaderName | None = Field(
        None,
        description="The target as the client sent it, with its query, not decoded. Default: x-original-uri (nginx), "
        "x-forwarded-uri (traefik).",
    )
    host: HeaderName | None = Field(None, description="The host. Default: x-forwarded-host.")
    scheme: HeaderName | None = Field(None, description="http or https. Default: x-forwarded-proto.")
    address: HeaderName | None = Field(
        None, description="The client's IP address, and no list. Default: x-real-ip (nginx), x-forwarded-for (traefik)."
    )


class ForwardAuthSettings(Model):
    """Checks over HTTP: nginx's auth_request, Traefik's ForwardAuth, or the http_service of Envoy's ext_authz."""

    listen: Annotated[str, checked(address.parse)] = Field(
        description="Where the first server is asked: unix:/path, unix:@name or a loopback address with a port; the "
        "others on the next ones, as with 'listen'. Whoever can connect is believed: nobody else may reach it.",
    )
    proxy: Literal["nginx", "traefik", "envoy"] = Field(
        description="Who asks: which headers say what was asked for, and which answers are understood."
    )
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_-]{0,127}[A-Za-z0-9_-]$")] = Field(
        "/check",
        description="The path that we are asked at; any other is denied. For envoy its path_prefix, before the "
        "request's own.",
    )
    headers: ForwardAuthHeaderSettings = Field(
        default_factory=lambda: ForwardAuthHeaderSettings.model_validate({}),
        description="Other names than the proxy's usual ones.",
    )
    check_seconds: float = Field(
        0.5,
        gt=0,
        le=60,
        description="Seconds that a check may take; then it is denied (deadline_exceeded). HTTP has no deadline of the "
        "caller's. Keep it below the proxy's own time-out.",
    )
    max_connections: int = Field(
        1024,
        ge=4,
        le=65536,
        description="Connections open at once, per server; one more, and the oldest idle one has to go. A worker of "
        "the proxy's has a few.",
    )
    max_header_bytes: Size = Field(
        96 * KIB,
        ge=8 * KIB,
        le=MIB,
        description="Bytes of a request's line and headers; a larger one is denied (request_too_large). Above what "
        "nginx takes by default (32 KiB) and Envoy (60 KiB).",
    )
    max_headers: int = Field(
        256, ge=32, le=4096, description="Headers of a request; one with more is denied (unreadable_request)."
    )
    idle_seconds: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="Seconds without a whole request, after which a connection is closed. Longer than nginx (60) and "
        "Traefik (90) keep one: whoever sends should be the one who closes.",
    )
    write_seconds: float = Field(
        10.0, gt=0, le=300, description="Seconds in which an answer must have been taken, or the connection is closed."
    )
    socket_mode: Literal["0600", "0660", "0666"] = Field(
        "0660",
        description="Permissions of the Unix socket: for our own user, for our group as well, or for everybody who "
        "gets at its folder.",
    )
    socket_group: Text | None = Field(
        None, description="The Unix socket's group, by name or number. Default: that of the process."
    )

    def profile(self) -> Profile:
        """Return how the proxy asks, for the transport."""
        names = {name: value for name in self.headers.model_fields_set if (value := getattr(self.headers, name))}
        return replace(PRESETS[self.proxy], path=self.path, **names)

    def socket_options(self) -> SocketOptions:
        """Return who may connect to a Unix socket, for the transport."""
        return SocketOptions(int(self.socket_mode, 8), self.socket_group)

    @model_validator(mode="after")
    def _names(self) -> Self:
        if self.proxy == "envoy" and self.headers.model_fields_set - {"scheme"}:
            raise ValueError("'headers': envoy says method, target and host in its request itself; leave these out")
        names = self.profile().names
        if len(set(names)) != len(names):
            raise ValueError("'headers': each says one thing; give each a name of its own")
        return self
