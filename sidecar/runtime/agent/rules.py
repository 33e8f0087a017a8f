"""What a tenant's configuration must say before anybody is let in: who may ask, and where. Pure."""

import os
from collections.abc import Iterator
from pathlib import Path

from sidecar.loading.addresses import addresses
from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings
from sidecar.transport.address import TcpAddress, parse_anywhere


def problems(settings: Settings, socket_folder: Path) -> Iterator[tuple[FieldPath, str]]:
    """Yield what keeps it from being a tenant. ``socket_folder`` is that of this tenant's sockets alone."""
    yield from _listening(settings, socket_folder)
    if settings.forward_auth is not None:
        # INVARIANT: as below. HTTP says nothing of who asks.
        yield ("forward_auth",), "a tenant is asked by gRPC alone: over HTTP nobody knows who asks; leave it out"
    if settings.enable_multiprocessing and settings.servers is None and settings.listen_mode != "shared":
        yield ("servers",), "say how many: each tenant would take all CPUs; or write 'enable_multiprocessing: false'"
    if settings.cpu_affinity_enabled:
        yield ("cpu_affinity_enabled",), "would pin all tenants to the same CPUs; leave it out"


def _listening(settings: Settings, socket_folder: Path) -> Iterator[tuple[FieldPath, str]]:
    address = parse_anywhere(settings.listen)
    if isinstance(address, TcpAddress):
        # INVARIANT: who asks is known by who connects, and never by anything in the request.
        if settings.tls is None or settings.tls.client_names is None:
            yield ("listen",), f"{settings.listen} takes 'tls' with 'client_names': of a port nobody knows who asks"
        if address.port == 0:
            yield ("listen",), "a tenant's port is to be known; write it"
        return
    if os.path.normpath(address.path) != address.path or Path(address.path).parent != socket_folder:
        yield ("listen",), f"a tenant's socket is in its own folder; write unix:{socket_folder}/authz.sock"
    if settings.native.allowed_peers is None:
        yield ("native",), "say who may ask, 'allowed_peers: {users: [65532]}': whoever gets at the socket could"


def wanted(settings: Settings) -> tuple[str, ...]:
    """Return the addresses of all its servers, of a configuration without problems."""
    return addresses(settings, settings.servers or 1)
