"""Which addresses are connected to."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.keys.remote.addresses import refusal

_GLOBAL = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "64:ff9b::8.8.8.8"]
_PRIVATE = [
    *("10.0.0.1", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("::1", "fc00::1", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1"),
]
_NEVER = [
    *("0.0.0.1", "0.1.2.3", "169.254.169.254", "169.254.170.2", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1"),
    *("::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378::1", "2001:db8::1", "3fff::1"),
    *("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "64:ff9b::168.63.129.16"),
    *("64:ff9b:1::10.0.0.1", "64:ff9b::169.254.169.254", "100::1", "4000::1", "5f00::1"),
    *("", "localhost", "1.2.3", "0x7f.0.0.1", "[::1]", "8.8.8.8/32", "8.8.8.8 "),
]


@pytest.mark.parametrize("address", _GLOBAL)
def test_global(address: str) -> None:
    """What anybody can reach may be connected to."""
    assert refusal(address, allow_private=False) is None


@pytest.mark.parametrize("address", _PRIVATE)
def test_private(address: str) -> None:
    """What is one's own may be connected to where that is allowed."""
    assert "allow_private_addresses" in (refusal(address, allow_private=False) or "")
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize("address", _NEVER)
def test_never(address: str) -> None:
    """Metadata services, multicast, addresses that hide another, and what is none, are never connected to."""
    assert refusal(address, allow_private=False)
    assert refusal(address, allow_private=True)


@given(st.ip_addresses(v=4))
def test_python_s_own_list_of_ipv4_is_covered(address: IPv4Address) -> None:
    """Whatever Python knows as not global is not connected to."""
    if not address.is_global or address.is_multicast:
        assert refusal(str(address), allow_private=False)


@given(st.ip_addresses(v=6))
def test_python_s_own_list_of_ipv6_is_covered(address: IPv6Address) -> None:
    """Whatever Python knows as not global, or as holding an IPv4 address by other means than NAT64, is not either."""
    if not address.is_global or address.is_multicast or address.ipv4_mapped or address.sixtofour or address.teredo:
        assert refusal(str(address), allow_private=False)


@given(st.ip_addresses(v=4))
def test_nat64_is_what_it_holds(address: IPv4Address) -> None:
    """Through NAT64 no IPv4 address is reached that is not reached directly."""
    through = str(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address)))
    for allow in (False, True):
        assert (refusal(through, allow_private=allow) is None) is (refusal(str(address), allow_private=allow) is None)
