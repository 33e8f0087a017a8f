"""What one peer may take. ``sidecar.settings.native`` says the reason for each default."""

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on peers. Sizes in bytes, times in seconds.

    Each is for one connection, but for ``max_connections`` and ``max_total_buffer_bytes``.
    """

    max_connections: int = 1024  #: open at once; one more, and see ``open_connections``
    max_concurrent_streams: int = 1024
    max_message_bytes: int = 64 * MIB
    max_header_list_bytes: int = 16 * MIB  #: names, values and 32 for each field (RFC 9113, section 6.5.2)
    max_header_fields: int = 128
    max_continuation_frames: int = 2048  #: of one header block
    max_frame_bytes: int = 16 * KIB  #: payload
    stream_window_bytes: int = MIB
    connection_window_bytes: int = 16 * MIB
    max_request_bytes: int = 256 * MIB  #: of requests under way; beyond it their uploads wait for one another
    max_total_buffer_bytes: int = 512 * MIB  #: of all connections; beyond it the one that holds most is closed
    write_buffer_bytes: int = MIB  #: not yet read by the peer; beyond it nothing more is read from the peer
    max_unsent_bytes: int = 16 * MIB  #: of answers that wait for the peer's window or for it to read
    unsent_seconds: float = 20.0  #: from an answer to its last byte, and of a write buffer that stays full
    max_resets_per_second: int = 20_000
    max_pings_per_second: int = 1000
    max_settings_per_second: int = 100
    max_window_updates_per_second: int = 100_000
    max_empty_data_per_second: int = 1000
    max_ignored_frames_per_second: int = 1000  #: PRIORITY, GOAWAY and kinds that RFC 9113 does not know
    preface_seconds: float = 10.0
    request_seconds: float = 60.0  #: from a request's first byte to its last
    idle_seconds: float = 7200.0  #: without a call
    keepalive_seconds: float = 60.0  #: of silence, after which we send PING
    keepalive_timeout_seconds: float = 20.0
