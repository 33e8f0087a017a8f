"""Which IP addresses a key set may be fetched from.

A URL leads wherever its owner's DNS says: to this pod's loopback, to the cloud's metadata service, to the cluster's own
services (server-side request forgery). So the address itself is looked at, at the moment it is connected to.

Of IPv6 the global unicast addresses that IANA has given out are allowed, of IPv4 all that its registry of
special-purpose addresses does not have. Own lists: those in Python's ``ipaddress`` differ from release to release.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: Nobody serves keys from these: this network and host, link-local (metadata services), multicast, reserved, broadcast;
#: and the addresses of metadata services that are not link-local: Azure's and Alibaba's, Amazon's and Google's.
_NEVER = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
            *("168.63.129.16/32", "100.100.100.200/32"),
        ),
    )
)
_NEVER_6 = tuple(map(IPv6Address, ("fd00:ec2::254", "fd20:ce::254")))
#: One's own: private use, shared (carriers; some clouds' metadata), loopback, IETF protocols, documentation,
#: benchmarks, and the old 6to4 relays.
_OWN = tuple(
    map(
        IPv4Network,
        (
            *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
            *("192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
            "192.88.99.0/24",
        ),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
#: Within it: protocols (Teredo among them), documentation, and 6to4, which leads to IPv4 addresses of all kinds.
_NOT_GLOBAL_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_OWN_6 = (IPv6Network("fc00::/7"), IPv6Network("::1/128"))
#: NAT64 (RFC 6052, section 2.1): an IPv4 address in its last 32 bits. All there is in a cluster that has IPv6 alone.
_NAT64 = IPv6Network("64:ff9b::/96")


def refusal(address: str, *, allow_private: bool) -> str | None:
    """Return why ``address`` is not connected to, or ``None`` where it may be.

    ``allow_private`` lets in private and loopback addresses; link-local, multicast and the like it does not.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address!r} is no IP address"
    return _refusal_4(found, allow_private) if isinstance(found, IPv4Address) else _refusal_6(found, allow_private)


def _refusal_4(address: IPv4Address, allow_private: bool) -> str | None:  # noqa: FBT001 - see refusal
    if any(address in network for network in _NEVER):
        return f"{address} is link-local, multicast, reserved or a cloud's own"
    if not allow_private and any(address in network for network in _OWN):
        return f"{address} is a private address; allow_private_addresses lets it in"
    return None


def _refusal_6(address: IPv6Address, allow_private: bool) -> str | None:  # noqa: FBT001 - see refusal
    if address in _NAT64:
        return _refusal_4(IPv4Address(int(address) & 0xFFFF_FFFF), allow_private)
    if address in _NEVER_6:
        return f"{address} is a cloud's metadata service"
    if any(address in network for network in _OWN_6):
        return None if allow_private else f"{address} is a private address; allow_private_addresses lets it in"
    if address not in _GLOBAL_6 or any(address in network for network in _NOT_GLOBAL_6):
        return f"{address} is no global unicast address"
    return None
