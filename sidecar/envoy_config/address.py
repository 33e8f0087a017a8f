"""Addresses as operators write them, turned into Envoy's."""

import ipaddress
import re

from envoy_data_plane.envoy.config.cluster import v3 as cluster
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint

_UNIX = "unix:"
_LABEL = re.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MAX_NAME = 253


def socket(host: str, port: int) -> core.Address:
    """Return a TCP socket address."""
    return core.Address(socket_address=core.SocketAddress(address=host, port_value=port))


def socket_or_pipe(text: str, *, by_name: bool = False) -> core.Address:
    """Read ``unix:/path``, ``unix:@abstract``, ``127.0.0.1:9191`` or ``[::1]:9191``; else ``ValueError``.

    ``by_name``: and ``authz.example:9191``.
    """
    if text.startswith(_UNIX):
        return _pipe(text)
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and port.isascii() and port.isdigit() and (is_ip(host) or (by_name and is_name(host)))):
        message = f"{text!r}: write unix:/path, unix:@abstract or IP:PORT"
        raise ValueError(message)
    if is_ip(host) and ipaddress.ip_address(host).is_unspecified:
        message = f"{text!r} is every address of a machine, and none to connect to; name one (--sidecar-address)"
        raise ValueError(message)
    return socket(host, int(port))


def _pipe(text: str) -> core.Address:
    path = text.removeprefix(_UNIX)
    # Envoy takes a leading @ for the abstract namespace. A relative path would depend on where Envoy was started.
    if len(path) < len("/x") or path[0] not in "/@":
        message = f"{text!r}: after unix: write an absolute path or @name"
        raise ValueError(message)
    return core.Address(pipe=core.Pipe(path=path))


def is_ip(host: str) -> bool:
    """Say whether ``host`` is an IP address rather than a name to be resolved."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_near(address: core.Address) -> bool:
    """Say whether it is a socket of this machine, which nobody on the network can answer at."""
    to = address.socket_address
    return to is None or (is_ip(to.address) and ipaddress.ip_address(to.address).is_loopback)


def is_name(text: str) -> bool:
    """Say whether it is a DNS name (RFC 1123, section 2.1), without a wildcard and a last dot."""
    return len(text) <= _MAX_NAME and all(map(_LABEL.fullmatch, text.split(".")))


def discovery(endpoints: list[core.Address]) -> cluster.ClusterDiscoveryType:
    """Return how a cluster finds these: a literal address needs no resolver, a name is looked up again and again."""
    named = (one.socket_address is not None and not is_ip(one.socket_address.address) for one in endpoints)
    return cluster.ClusterDiscoveryType.STRICT_DNS if any(named) else cluster.ClusterDiscoveryType.STATIC


def assignment(name: str, addresses: list[core.Address]) -> endpoint.ClusterLoadAssignment:
    """Return the fixed endpoints of the cluster ``name``, all in one locality."""
    hosts = [endpoint.LbEndpoint(endpoint=endpoint.Endpoint(address=address)) for address in addresses]
    return endpoint.ClusterLoadAssignment(
        cluster_name=name, endpoints=[endpoint.LocalityLbEndpoints(lb_endpoints=hosts)]
    )
