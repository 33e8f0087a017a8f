"""Where HTTP may listen: ``unix:/path``, or any IP address with a port. Unlike Envoy's side, not on loopback alone."""

import ipaddress

from sidecar.transport.address import Address, AddressError, TcpAddress, UnixAddress, host_and_port
from sidecar.transport.address import parse as parse_local


def parse(text: str) -> Address:
    """Read an address; raises ``AddressError``. Port 0 lets the system choose.

    Sockets of the abstract namespace are refused: they have no permissions, and all of a pod shares them.
    """
    if text.startswith("unix:@"):
        raise AddressError(f"{text}: a socket without a file has no permissions; write unix:/absolute/path")
    if text.startswith("unix:"):
        return parse_local(text)
    host, port = host_and_port(text, "unix:/path, 0.0.0.0:PORT, [::]:PORT or any IP address:PORT")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise AddressError(f"{host!r} is no IP address; names are not looked up") from None
    if bracketed != (address.version == 6):  # noqa: PLR2004 - IPv6
        raise AddressError(f"{text!r}: write IPv6 addresses, and only them, in brackets")
    return TcpAddress(str(address), port)


def is_loopback(address: Address) -> bool:
    """Say whether only this pod can reach ``address``."""
    return isinstance(address, UnixAddress) or ipaddress.ip_address(address.host).is_loopback
