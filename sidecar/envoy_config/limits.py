"""Bounds on what one client, or many, can take of Envoy: its connections, memory and time.

Envoy's defaults are made for a mesh. These follow its "Configuring Envoy as an edge proxy" unless a comment says why
not. Requests a connection are not bounded: who is cut off connects again, and honest clients pay for handshakes.
"""

from datetime import timedelta

from envoy_data_plane.envoy.config.bootstrap import v3 as bootstrap
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.overload import v3 as overload
from envoy_data_plane.envoy.extensions.resource_monitors.downstream_connections import v3 as downstream_connections
from envoy_data_plane.google.protobuf import Any, Struct

#: Bytes buffered for one connection to a client or to the application before Envoy stops reading from the other side.
#: Envoy's 1 MiB, taken by 10 000 slow readers, would be 10 GiB. No limit on bodies or headers: it only paces them.
CONNECTION_BUFFER_BYTES = 32 * 1024

#: From the first byte of a request to the end of its headers. Envoy has no bound: one byte a minute holds a stream.
REQUEST_HEADERS_TIMEOUT = timedelta(seconds=10)

#: From the start of a request until all of it has been passed on, or an answer has begun. Envoy has no bound, and a
#: body that trickles is never idle. Long uploads and client streaming need more.
REQUEST_TIMEOUT = timedelta(seconds=300)

#: Without a byte in either direction. Envoy's own, said aloud; what pushes events has to send a heartbeat.
STREAM_IDLE_TIMEOUT = timedelta(seconds=300)

#: From the end of a request to the end of its answer. Envoy's own, said aloud: what ends an event stream first.
RESPONSE_TIMEOUT = timedelta(seconds=15)

#: Of a connection without requests. Not the hour that Envoy advises: for so long silent clients could hold all
#: connections there are. Above what load balancers keep theirs for (60 to 600 s), which else send into closed ones.
CONNECTION_IDLE_TIMEOUT = timedelta(seconds=900)

#: For the TLS handshake, once the listener has TLS. Envoy has no bound.
HANDSHAKE_TIMEOUT = timedelta(seconds=10)

_MAX_STREAMS = 100
_STREAM_WINDOW_BYTES = 64 * 1024
_CONNECTION_WINDOW_BYTES = 1024 * 1024


def http2() -> core.Http2ProtocolOptions:
    """Return the bounds on a client's HTTP/2 connection."""
    return core.Http2ProtocolOptions(
        # A client gets as many requests at once over one connection; Envoy's 1024 is a crowd.
        max_concurrent_streams=_MAX_STREAMS,
        # A client may send as much before Envoy has passed it on. Envoy's 16 and 24 MiB are memory that it can claim.
        initial_stream_window_size=_STREAM_WINDOW_BYTES,
        initial_connection_window_size=_CONNECTION_WINDOW_BYTES,
    )


def overload_manager(max_connections: int) -> overload.OverloadManager:
    """Return the bound on the clients' connections, over all listeners; those beyond are closed once accepted."""
    config = downstream_connections.DownstreamConnectionsConfig(max_active_downstream_connections=max_connections)
    monitor = overload.ResourceMonitor(
        name="envoy.resource_monitors.global_downstream_max_connections", typed_config=Any.pack(config)
    )
    return overload.OverloadManager(resource_monitors=[monitor])


def runtime() -> bootstrap.LayeredRuntime:
    """Return the runtime keys, fixed: no admin layer, so that POST /runtime_modify on the admin port changes none."""
    # One request of a connection in each round, so that a burst over one connection lets the others have their turn
    # (CVE-2023-44487, "rapid reset"; connections that mostly reset are closed by Envoy's own default).
    keys = Struct.from_dict({"http.max_requests_per_io_cycle": 1})
    return bootstrap.LayeredRuntime(layers=[bootstrap.RuntimeLayer(name="fixed", static_layer=keys)])
