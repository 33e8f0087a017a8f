"""What the native transport lets one peer take, and who may connect to its Unix socket.

A peer is Envoy, or whatever else runs beside us. Closing Envoy's connection fails all the checks on it, and a check
that fails lets its request in where Envoy has ``failure_mode_allow``: so each limit is far above what Envoy can be made
to do by its clients, and is there for memory and time to be bounded all the same.
"""

from dataclasses import fields
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.settings.base import Model, Text
from sidecar.settings.processes import Size
from sidecar.transport.native.limits import KIB, MIB, Limits
from sidecar.transport.native.listening import SocketOptions
from sidecar.transport.native.peers import AllowedPeers

_DEFAULT = Limits()
_WINDOW = 2**31 - 1


#: A user's or group's number; the last one means "nobody" to the kernel.
_Id = Annotated[int, Field(ge=0, le=2**32 - 2)]


class AllowedPeersSettings(Model):
    """Whose processes may connect to the Unix socket, as the kernel tells it (SO_PEERCRED); all others are closed.

    It is looked at once for each connection, before anything is read. With both lists both must be right.
    """

    users: list[_Id] = Field(
        default=[],
        max_length=64,
        description="Users by number, as our own user namespace shows them. 65534 is everybody that it has no number "
        "for (pods with 'hostUsers: false'): do not allow it.",
    )
    groups: list[_Id] = Field(
        default=[],
        max_length=64,
        description="Groups by number: the process's own (effective) one, not those that it is in besides.",
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.users and not self.groups:
            raise ValueError("names nobody; write 'users' or 'groups', or leave it out for all who can connect")
        return self


class NativeSettings(Model):
    """Limits of the native transport, for each connection, and its Unix socket."""

    socket_mode: Literal["0600", "0660", "0666"] = Field(
        "0660",
        description="Permissions of the Unix socket: for our own user, for our group as well, or for everybody who "
        "gets at its folder. Envoy often is another user of one group.",
    )
    socket_group: Text | None = Field(
        None, description="The Unix socket's group, by name or number. Default: that of the process."
    )
    allowed_peers: AllowedPeersSettings | None = Field(
        None, description="Whose processes may ask, on a Unix socket. Default: whoever can connect."
    )
    takes_over: bool = Field(
        default=False,
        description="Takes the path of the Unix socket from a server that answers there, when first started: new "
        "connections come here, those that the other has stay its own until it ends. For a successor alone, as a node "
        "agent's (docs/agent.md): two that stay rob each other. Default: an address that is taken is refused.",
    )
    max_connections: int = Field(
        _DEFAULT.max_connections,
        ge=8,
        le=65536,
        description="Connections open at once, per server. Envoy has one for each of its threads, and more beyond 256 "
        "checks at once. Beyond it a new one takes the place of one that sent no preface, or never had a call, or none "
        "for 'keepalive_seconds' (to watch our health is no call); where there is none, it is refused. Fewer where the "
        "limit of open files (RLIMIT_NOFILE) does not leave 128 for all else.",
    )
    max_concurrent_streams: int = Field(
        _DEFAULT.max_concurrent_streams,
        ge=16,
        le=65536,
        description="Calls at once. The generated Envoy configuration opens another connection beyond 256.",
    )
    max_message_bytes: Size = Field(
        _DEFAULT.max_message_bytes,
        ge=MIB,
        le=1024 * MIB,
        description="Bytes of the largest message; a larger check is denied (request_too_large). Far above a check, "
        "whose body is what Envoy was told to buffer.",
    )
    max_header_list_bytes: Size = Field(
        _DEFAULT.max_header_list_bytes,
        ge=64 * KIB,
        le=256 * MIB,
        description="Bytes of a call's metadata, with 32 for each field (RFC 9113, 6.5.2). With tracing a client's "
        "tracestate is among it: twice the 8 MiB that Envoy can be told to take of a client's headers (60 KiB by "
        "default).",
    )
    max_header_fields: int = Field(
        _DEFAULT.max_header_fields,
        ge=64,
        le=65536,
        description="Fields of a call's metadata, since each costs time to decode and to check, and one byte of it "
        "may stand for 4 KiB. Envoy sends some 10, whatever its clients send.",
    )
    max_continuation_frames: int = Field(
        _DEFAULT.max_continuation_frames,
        ge=64,
        le=65536,
        description="CONTINUATION frames of one header block; 16 MiB take 1024. More of them are empty or nearly so, "
        "which is an attack (CVE-2024-27316).",
    )
    max_frame_bytes: Size = Field(
        _DEFAULT.max_frame_bytes,
        ge=16 * KIB,
        le=MIB,
        description="Bytes of a frame's payload. RFC 9113's least, which Envoy never goes beyond.",
    )
    stream_window_bytes: Size = Field(
        _DEFAULT.stream_window_bytes,
        ge=64 * KIB,
        le=_WINDOW,
        description="Bytes of one request that may be under way before we have taken them. Nearly every check fits.",
    )
    connection_window_bytes: Size = Field(
        _DEFAULT.connection_window_bytes,
        ge=MIB,
        le=_WINDOW,
        description="The same for all requests of a connection. Large, so that WINDOW_UPDATE is seldom needed.",
    )
    max_request_bytes: Size = Field(
        _DEFAULT.max_request_bytes,
        ge=MIB,
        le=64 * 1024 * MIB,
        description="Bytes held of requests that are not answered. Beyond it uploads larger than a stream's window "
        "wait for one another; none is refused.",
    )
    max_total_buffer_bytes: Size = Field(
        _DEFAULT.max_total_buffer_bytes,
        ge=MIB,
        le=1024 * 1024 * MIB,
        description="Bytes that one server holds of all its connections together: requests that are not whole, and "
        "answers that were not taken. Beyond it the connection that holds most is closed. All connections at their own "
        "limits would take hundreds of GiB; this is twice what a single one may hold of requests. Set it below the "
        "container's memory.",
    )
    write_buffer_bytes: Size = Field(
        _DEFAULT.write_buffer_bytes,
        ge=64 * KIB,
        le=256 * MIB,
        description="Bytes of answers that the peer has not read; beyond it no more of its calls are read.",
    )
    max_unsent_bytes: Size = Field(
        _DEFAULT.max_unsent_bytes,
        ge=MIB,
        le=1024 * MIB,
        description="Bytes of answers that wait for a peer that opens no window, or does not read; then it is cut off. "
        "An answer is a few KiB, and 1024 are under way at the most.",
    )
    unsent_seconds: float = Field(
        _DEFAULT.unsent_seconds,
        gt=0,
        le=3600,
        description="Seconds that an answer may wait for such a peer, and a full write buffer. 100 times Envoy's "
        "deadline.",
    )
    max_resets_per_second: int = Field(
        _DEFAULT.max_resets_per_second,
        ge=100,
        le=10_000_000,
        description="Streams that the peer resets, or makes us reset (rapid reset, CVE-2023-44487). Envoy resets a "
        "check whose client has gone: this is about as many as one of its threads can begin. What a reset check was "
        "still waiting for is stopped, so each costs no more than a check.",
    )
    max_pings_per_second: int = Field(
        _DEFAULT.max_pings_per_second,
        ge=10,
        le=10_000_000,
        description="PING frames. Envoy sends a few a minute; gRPC clients some a second to measure their window.",
    )
    max_settings_per_second: int = Field(
        _DEFAULT.max_settings_per_second, ge=10, le=10_000_000, description="SETTINGS frames. One is usual, ever."
    )
    max_window_updates_per_second: int = Field(
        _DEFAULT.max_window_updates_per_second,
        ge=100,
        le=10_000_000,
        description="WINDOW_UPDATE frames. Some clients send two for each answer, and there may be 30,000 of these.",
    )
    max_empty_data_per_second: int = Field(
        _DEFAULT.max_empty_data_per_second,
        ge=10,
        le=10_000_000,
        description="DATA frames with nothing in them that end nothing (CVE-2019-9518). No client needs them.",
    )
    max_ignored_frames_per_second: int = Field(
        _DEFAULT.max_ignored_frames_per_second,
        ge=10,
        le=10_000_000,
        description="PRIORITY and GOAWAY frames, and those of unknown types, which change nothing.",
    )
    preface_seconds: float = Field(
        _DEFAULT.preface_seconds,
        gt=0,
        le=3600,
        description="Seconds from accepting a connection to the peer's SETTINGS. Both are on one machine.",
    )
    request_seconds: float = Field(
        _DEFAULT.request_seconds,
        gt=0,
        le=3600,
        description="Seconds from a request's first byte to its last. Envoy sends a check when it has all of it.",
    )
    idle_seconds: float = Field(
        _DEFAULT.idle_seconds,
        gt=0,
        le=7 * 86400,
        description="Seconds without a call, after which a connection is left gracefully. Above Envoy's hour: whoever "
        "sends should be the one who closes.",
    )
    keepalive_seconds: float = Field(
        _DEFAULT.keepalive_seconds,
        gt=0,
        le=7 * 86400,
        description="Seconds of silence, after which the peer is asked for a sign of life with PING.",
    )
    keepalive_timeout_seconds: float = Field(
        _DEFAULT.keepalive_timeout_seconds,
        gt=0,
        le=3600,
        description="Seconds that it then has to give one; gRPC's own 20.",
    )

    def limits(self) -> Limits:
        """Return the limits, for the transport."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})

    def socket_options(self, *, is_first: bool = True) -> SocketOptions:
        """Return who may connect to a Unix socket, for the transport. Only the ``is_first`` start takes over."""
        peers = self.allowed_peers
        allowed = None if peers is None else AllowedPeers(frozenset(peers.users), frozenset(peers.groups))
        return SocketOptions(
            int(self.socket_mode, 8), self.socket_group, allowed, takes_over=self.takes_over and is_first
        )

    @model_validator(mode="after")
    def _totals(self) -> Self:
        if self.max_total_buffer_bytes < max(self.max_request_bytes, self.max_message_bytes):
            raise ValueError(
                "'max_total_buffer_bytes' must not be smaller than 'max_request_bytes' and 'max_message_bytes': a "
                "single connection within its limits would be closed"
            )
        return self

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if not self.max_frame_bytes <= self.stream_window_bytes <= self.connection_window_bytes:
            raise ValueError(
                "'max_frame_bytes', 'stream_window_bytes' and 'connection_window_bytes' must not become smaller: a "
                "frame has to fit into a stream's window, and that into the connection's"
            )
        return self
