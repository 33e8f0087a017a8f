"""Which addresses are the internet's."""

import pytest

from sidecar.introspection.session import is_public


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),  # noqa: S104
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "ff02::1", "2001:db8::1", "2002:7f00:1::", "", "x", "1"),
    ],
)
def test_special_addresses(address: str) -> None:
    """Private, loopback, link-local and other special addresses are not, nor what is no address."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    """All others are."""
    assert is_public(address)
