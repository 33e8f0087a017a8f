"""What is counted of proxies that ask over HTTP, beside the checks that it comes to."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sidecar.observe.family import Family, every


class HttpEnd(StrEnum):
    """What became of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNREADABLE = "unreadable"  #: no question: no HTTP, or what the proxy is to say of it is missing
    FORGED = "forged"  #: the client sent a header that is the proxy's, or that must not reach the upstream
    TOO_LARGE = "too_large"
    UNCARRIED = "uncarried"  #: it was answered, and the answer could not be told


class HttpLimit(StrEnum):
    """Those of the front's limits that end a connection, by their names in the configuration."""

    MAX_CONNECTIONS = "max_connections"
    WRITE_SECONDS = "write_seconds"


@dataclass(slots=True)
class HttpCounts:
    """Plain numbers since the start, of all connections of one server together."""

    connections: int = 0  #: that were accepted
    requests: dict[HttpEnd, int] = field(default_factory=lambda: dict.fromkeys(HttpEnd, 0))
    limits: dict[HttpLimit, int] = field(default_factory=lambda: dict.fromkeys(HttpLimit, 0))


CONNECTIONS: Final = Family("authz_forward_auth_connections", "Connections of proxies that were accepted.", (), ((),))
REQUESTS: Final = Family(
    "authz_forward_auth_requests", "Requests of proxies over HTTP, by what became of them.", ("result",), every(HttpEnd)
)
LIMITS: Final = Family(
    "authz_forward_auth_limits",
    "Connections of proxies that a limit ended; by its name in the configuration.",
    ("limit",),
    every(HttpLimit),
)
FAMILIES: Final = (CONNECTIONS, REQUESTS, LIMITS)
