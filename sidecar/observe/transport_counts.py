"""What a transport counts of its connections: plain numbers, from which ``transport_meter`` makes counters."""

from dataclasses import dataclass, field
from enum import StrEnum


class Limit(StrEnum):
    """Those of the transport's limits that somebody can come up against, by their names in the configuration."""

    MAX_CONNECTIONS = "max_connections"
    MAX_CONCURRENT_STREAMS = "max_concurrent_streams"
    MAX_MESSAGE_BYTES = "max_message_bytes"
    MAX_HEADER_LIST_BYTES = "max_header_list_bytes"
    MAX_HEADER_FIELDS = "max_header_fields"
    MAX_CONTINUATION_FRAMES = "max_continuation_frames"
    MAX_FRAME_BYTES = "max_frame_bytes"
    MAX_TOTAL_BUFFER_BYTES = "max_total_buffer_bytes"
    WRITE_BUFFER_BYTES = "write_buffer_bytes"
    MAX_UNSENT_BYTES = "max_unsent_bytes"
    UNSENT_SECONDS = "unsent_seconds"
    MAX_RESETS = "max_resets_per_second"
    MAX_PINGS = "max_pings_per_second"
    MAX_SETTINGS = "max_settings_per_second"
    MAX_WINDOW_UPDATES = "max_window_updates_per_second"
    MAX_EMPTY_DATA = "max_empty_data_per_second"
    MAX_IGNORED_FRAMES = "max_ignored_frames_per_second"
    PREFACE_SECONDS = "preface_seconds"
    REQUEST_SECONDS = "request_seconds"
    IDLE_SECONDS = "idle_seconds"
    KEEPALIVE_TIMEOUT_SECONDS = "keepalive_timeout_seconds"
    ALLOWED_PEERS = "allowed_peers"


class Scope(StrEnum):
    """What a breach of HTTP/2 ended."""

    CONNECTION = "connection"
    STREAM = "stream"


class Direction(StrEnum):
    """Who reset a stream."""

    SENT = "sent"
    RECEIVED = "received"


class GrpcError(StrEnum):
    """gRPC's status codes that calls end in, OK apart."""

    INVALID_ARGUMENT = "invalid_argument"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    NOT_FOUND = "not_found"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNIMPLEMENTED = "unimplemented"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(slots=True)
class TransportCounts:
    """Plain numbers since the start, of all connections of one server together."""

    connections: int = 0  #: that were accepted
    streams: int = 0  #: that peers opened, on connections that are gone
    limits: dict[Limit, int] = field(default_factory=lambda: dict.fromkeys(Limit, 0))
    faults: dict[Scope, int] = field(default_factory=lambda: dict.fromkeys(Scope, 0))
    resets: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(Direction, 0))
    errors: dict[GrpcError, int] = field(default_factory=lambda: dict.fromkeys(GrpcError, 0))

    def note(self, limit: Limit | None, scope: Scope) -> None:
        """Note that something ended for ``limit``; ``None``: for a breach of HTTP/2."""
        if limit is None:
            self.faults[scope] += 1
        else:
            self.limits[limit] += 1
