"""The two listeners, put together from what they need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sidecar.http.admin import Route, admin_page, configuration_route
from sidecar.http.facts import Configuration, Health, KeySet, Metrics
from sidecar.http.guard import Guard, TokenFile
from sidecar.http.message import Page
from sidecar.http.probe import probe_page
from sidecar.http.server import Limits, Listener
from sidecar.transport.address import Address, TcpAddress, UnixAddress
from sidecar.transport.tls import Tls

#: Names of this machine for itself, as clients write them. On a Unix socket they name whatever the path is.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class AccessError(ValueError):
    """An administration that would be open to whoever can reach it."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the administration."""

    socket_mode: int = 0o600  #: permissions of a Unix socket
    token: TokenFile | None = None
    tls: Tls | None = None
    hosts: tuple[str, ...] = ()  #: names in the Host header, beside those that the address implies; without port


def probe_listener(
    address: Address, health: Health, metrics: Metrics, limits: Limits, key_set: KeySet | None = None
) -> Listener:
    """Return the listener for probes and metrics, and for our own keys if there are any, to be started."""
    return Listener(address, probe_page(health, metrics, key_set), limits)


def admin_listener(  # noqa: PLR0913 - all that is its own, once
    address: Address,
    access: Access,
    configuration: Configuration,
    limits: Limits,
    routes: Iterable[Route] = (),
    *,
    pages: Mapping[str, Page] = MappingProxyType({}),
) -> Listener:
    """Return the listener for administration, to be started. ``routes``: what there is beside ``/config``.

    ``pages`` are those that browsers may show, by their path.

    Raises ``AccessError`` for TCP without bearer token and client certificates, ``TokenError`` for a file that does not
    hold a token, ``ValueError`` for a route that is there twice.
    """
    closed = access.token is not None or (access.tls is not None and access.tls.client_ca_file is not None)
    if isinstance(address, TcpAddress) and not closed:
        # INVARIANT: the settings refuse it too, with file and line; this is for whoever comes by another way.
        raise AccessError(f"{address}: the administration needs a bearer token or client certificates on TCP")
    if access.token:
        access.token.read()
    guard = Guard(frozenset(host.lower() for host in (*_hosts(address), *access.hosts)), access.token)
    page = admin_page(guard, (configuration_route(configuration), *routes), pages)
    return Listener(address, page, limits, access.tls.context if access.tls else None, access.socket_mode)


def _hosts(address: Address) -> tuple[str, ...]:
    if isinstance(address, UnixAddress):
        return _LOCAL_HOSTS
    return (*_LOCAL_HOSTS, str(replace(address, port=0)).removesuffix(":0"))
