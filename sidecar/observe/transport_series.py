"""What is counted of Envoy's connections, and of whoever else's."""

from typing import Final

from sidecar.observe.family import Family, every
from sidecar.observe.transport_counts import Direction, GrpcError, Limit, Scope

CONNECTIONS: Final = Family("authz_transport_connections", "Connections that were accepted.", (), ((),))
STREAMS: Final = Family(
    "authz_transport_streams",
    "Streams that were opened, each a call; those of gRPC's health service are among them with the native transport.",
    (),
    ((),),
)
LIMITS: Final = Family(
    "authz_transport_limits",
    "Times that a limit held somebody back, or closed what went beyond it; by its name in the configuration.",
    ("limit",),
    every(Limit),
)
FAULTS: Final = Family(
    "authz_transport_faults",
    "Breaches of HTTP/2 by peers, limits apart, by what they ended.",
    ("scope",),
    every(Scope),
)
RESETS: Final = Family(
    "authz_transport_resets", "Streams that were ended by RST_STREAM.", ("direction",), every(Direction)
)
ERRORS: Final = Family(
    "authz_transport_grpc_errors", "Calls that ended in a gRPC error, by its status.", ("status",), every(GrpcError)
)
FAMILIES: Final = (CONNECTIONS, STREAMS, LIMITS, FAULTS, RESETS, ERRORS)
#: Those of which gRPC's library tells nothing.
NATIVE_ALONE: Final = (CONNECTIONS, FAULTS, RESETS, ERRORS)
#: The one limit that is seen there.
EVERYWHERE: Final = Limit.MAX_MESSAGE_BYTES
