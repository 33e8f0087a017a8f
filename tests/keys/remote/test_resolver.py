"""Names to addresses: what is looked at is what is connected to."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.keys.remote.client import Access, _socket_factory
from sidecar.keys.remote.fetch import Place, Validator, fetch
from sidecar.keys.remote.resolver import AddressRefusedError, AddrInfo, allowed_addresses
from sidecar.keys.remote.trouble import FetchError, Trouble
from support.keypairs import pair
from support.provider import JWKS, running_provider


def _info(address: str, port: int = 443) -> AddrInfo:
    return (10, 1, 6, "", (address, port, 0, 0)) if ":" in address else (2, 1, 6, "", (address, port))


def _allowed(*addresses: str, allow_private: bool = False) -> list[str]:
    found = asyncio.run(
        allowed_addresses("a.example", 443, lambda _host, _port: [*map(_info, addresses)], allow_private=allow_private)
    )
    return [str(info[4][0]) for info in found]


def test_only_what_is_allowed_is_left() -> None:
    """Of several addresses those are left that may be connected to."""
    assert _allowed("10.0.0.1", "8.8.8.8", "::1", "2606:4700::1") == ["8.8.8.8", "2606:4700::1"]
    assert _allowed("10.0.0.1", "169.254.169.254", allow_private=True) == ["10.0.0.1"]


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("10.0.0.1", "fe80::1"), ()])
def test_nothing_is_left(addresses: tuple[str, ...]) -> None:
    """A name that leads nowhere one may go is refused."""
    with pytest.raises(AddressRefusedError):
        _allowed(*addresses)


def test_name_is_resolved_once_for_a_connection(tmp_path: Path) -> None:
    """DNS rebinding: there is no second look-up that could tell another story than the one that was looked at."""
    asked: list[str] = []
    with running_provider(tmp_path, keys=[pair().jwk], hosts=["rebinding.example"]) as provider:
        assert provider.authority is not None

        def rebinding(host: str, _port: int) -> Sequence[AddrInfo]:
            asked.append(host)
            return [_info("127.0.0.1", provider.port)]

        access = Access(30.0, 4096, ca_file=Path(provider.authority.file), allow_private=True, look_up=rebinding)
        place = Place("", f"https://rebinding.example:{provider.port}{JWKS}")
        assert asyncio.run(fetch(place, access, Validator())).document
        assert asked == ["rebinding.example"]
        # The name that was good a moment ago leads elsewhere now, to where a connection would even be answered.
        with pytest.raises(FetchError) as failed:
            asyncio.run(fetch(place, replace(access, allow_private=False), Validator()))
        assert failed.value.trouble is Trouble.ADDRESS_REFUSED
        assert len(provider.requests) == 1


def test_no_socket_is_made_for_an_address_that_is_refused() -> None:
    """What makes the sockets looks at the address once more, however it got there."""
    make = _socket_factory(Access(1.0, 1))
    for address in ("127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254", "fe80::1"):
        with pytest.raises(AddressRefusedError):
            make(_info(address))
    make(_info("8.8.8.8")).close()


def test_resolver_that_hangs_holds_up_nobody() -> None:
    """A name that is not answered for is left after the time for all of it, and its thread does not hold the loop."""
    release = threading.Event()

    def hanging(_host: str, _port: int) -> Sequence[AddrInfo]:
        release.wait(60)
        raise OSError("late")

    access = Access(timeout=0.2, max_bytes=4096, look_up=hanging)
    try:
        with pytest.raises(FetchError) as failed:
            asyncio.run(fetch(Place("", "https://a.example/jwks"), access, Validator()))
        assert failed.value.trouble is Trouble.TIMEOUT
    finally:
        release.set()


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
def test_name_that_is_not_there(error: Exception) -> None:
    """A name without an address is unreachable."""

    def missing(_host: str, _port: int) -> Sequence[AddrInfo]:
        raise error

    access = Access(timeout=30.0, max_bytes=4096, look_up=missing)
    with pytest.raises(FetchError) as failed:
        asyncio.run(fetch(Place("", "https://a.example/jwks"), access, Validator()))
    assert failed.value.trouble is Trouble.UNREACHABLE
