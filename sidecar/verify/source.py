"""What tells one sender from another."""

import ipaddress


def source_of(address: str) -> str:
    """Return what one sender has: an IPv4 address, or the first 64 bits of one of IPv6 (RFC 6177)."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address)
        return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
    except ValueError:
        return address
