"""How each proxy says what it was asked for, and what it understands of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Proxy = Literal["nginx", "traefik", "envoy"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One proxy's ways. All header names are in lower case.

    ``method``, ``uri`` and ``host`` are the headers that say so of the client's request; ``None``: the request line and
    Host of the proxy's own request do, its path behind ``path``. ``scheme`` says ``http`` or ``https``. ``address`` is
    the client's one IP address; ``None``: it is not told.

    ``removes``: it takes headers off the request where the answer names them. ``forbidden``: the first digits of
    statuses that it does not understand as a denial, which become 403; but for those in ``kept``.
    """

    proxy: Proxy
    path: str
    method: str | None
    uri: str | None
    host: str | None
    scheme: str
    address: str | None
    removes: bool = False
    forbidden: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the headers that are the proxy's word."""
        return tuple(filter(None, (self.method, self.uri, self.host, self.scheme, self.address)))


PRESETS: Final[Mapping[Proxy, Profile]] = MappingProxyType(
    {
        # auth_request takes 401 and 403 for denials; any other status is an error, which the client sees as 500.
        "nginx": Profile(
            "nginx",
            "/check",
            "x-original-method",
            "x-original-uri",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-real-ip",
            forbidden=frozenset({3, 4}),
            kept=frozenset({401, 403}),
        ),
        "traefik": Profile(
            "traefik",
            "/check",
            "x-forwarded-method",
            "x-forwarded-uri",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-for",
        ),
        # http_service takes 5xx for a failure of ours, which lets the request in under failure_mode_allow.
        "envoy": Profile(
            "envoy",
            "/check",
            None,
            None,
            None,
            "x-forwarded-proto",
            None,
            removes=True,
            forbidden=frozenset({5}),
        ),
    }
)

#: Other names under which proxies say the same: one that says otherwise contradicts.
SAID_OF_METHOD: Final = frozenset({"x-original-method", "x-forwarded-method"})
SAID_OF_URI: Final = frozenset({"x-original-uri", "x-forwarded-uri"})
#: What is about the proxy's own message to us, and not of the client's request (RFC 9110, section 7.6.1).
OF_THE_MESSAGE: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
