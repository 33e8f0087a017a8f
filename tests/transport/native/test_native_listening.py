"""Where the native server listens, and what happens to a socket's file."""

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from sidecar.transport.address import MAX_UNIX_PATH, AddressError, TcpAddress, UnixAddress
from sidecar.transport.native.listening import SocketOptions, listen
from transport.native.client import LOOPS, Client, LoopFactory, ended, run, serving
from transport.native.wire import call, greeting, replies

ADDRESSES = ["127.0.0.1:0", "[::1]:0", "unix:{folder}/a.sock"]
if sys.platform == "linux":
    ADDRESSES.append("unix:@authz{folder}")


def names_in(folder: Path) -> list[str]:
    """Return what a folder has."""
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("where", ADDRESSES)
def test_calls_are_answered_wherever_it_listens(where: str, loop: LoopFactory, tmp_path: Path) -> None:
    """Over TCP, a Unix socket and an abstract one. Nothing is left of a Unix socket but what was there before."""

    async def scenario() -> None:
        async with (
            serving(where.replace("{folder}", str(tmp_path))) as (_, address),
            Client(address) as client,
        ):
            await client.send(greeting() + call(1))
            assert replies(await client.until(ended(1)))[1].message == b"hello"
            assert names_in(tmp_path) == (["a.sock"] if "a.sock" in where else [])

    run(scenario, loop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.1", "fe80::1"])  # noqa: S104 - refused
def test_other_address_is_refused_with_the_transport_for_it(host: str) -> None:
    """The message names what to write instead."""
    with pytest.raises(AddressError, match="for any other address write 'transport: grpcio', with 'tls'"):
        listen(TcpAddress(host, 0), SocketOptions(), shared=False)


def test_port_that_is_taken_is_refused() -> None:
    """Without ``shared`` a port is one server's; also one that shares with others of its own."""

    async def scenario() -> None:
        for shared in (False, True):
            async with serving(shared=shared) as (_, address):
                with pytest.raises(AddressError, match="cannot listen there: Address already in use"):
                    async with serving(str(address)):
                        pass

    run(scenario)


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_socket_has_its_permissions_and_group(mode: int, tmp_path: Path) -> None:
    """Whatever the umask is."""
    address = UnixAddress(str(tmp_path / "a.sock"))
    umask = os.umask(0o027)
    try:
        listening = listen(address, SocketOptions(mode, str(os.getgid())), shared=False)
    finally:
        os.umask(umask)
    with listening.socket:
        found = Path(address.path).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (mode, os.getgid())
    listening.remove()


def test_group_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And nothing is left behind."""
    with pytest.raises(AddressError, match="there is no group 'nobody-has-this-name'"):
        listen(UnixAddress(f"{tmp_path}/a.sock"), SocketOptions(group="nobody-has-this-name"), shared=False)
    assert list(tmp_path.iterdir()) == []


def test_stale_socket_is_replaced(tmp_path: Path) -> None:
    """What a killed server has left is not in the way."""
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    async def scenario() -> None:
        async with serving(f"unix:{path}") as (_, address), Client(address) as client:
            await client.send(greeting() + call(1))
            await client.until(ended(1))

    run(scenario)
    assert not path.exists()


def test_live_socket_is_refused_and_stays(tmp_path: Path) -> None:
    """A second server on the same path is refused, and the first one serves on."""

    async def scenario() -> None:
        async with serving(f"unix:{tmp_path}/a.sock") as (_, address):
            with pytest.raises(AddressError, match="another server already listens there"):
                async with serving(str(address)):
                    pass
            async with Client(address) as client:
                await client.send(greeting() + call(1))
                await client.until(ended(1))

    run(scenario)


def test_file_that_is_no_socket_is_refused_and_stays(tmp_path: Path) -> None:
    """It may be somebody's."""
    path = tmp_path / "a.sock"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(AddressError, match="exists and is no socket"):
        listen(UnixAddress(str(path)), SocketOptions(), shared=False)
    assert path.read_text(encoding="utf-8") == "precious"


def test_socket_that_another_has_replaced_is_not_removed(tmp_path: Path) -> None:
    """A server removes its own file and nobody else's."""
    address = UnixAddress(f"{tmp_path}/a.sock")
    first = listen(address, SocketOptions(), shared=False)
    first.socket.close()
    second = listen(address, SocketOptions(), shared=False)
    first.remove()
    assert Path(address.path).is_socket()
    second.socket.close()
    second.remove()
    assert not Path(address.path).exists()


def test_path_without_room_beside_it_is_said(tmp_path: Path) -> None:
    """A short name in a folder as long as can be: nothing finished can be moved to it."""
    folder = tmp_path / ("f" * (MAX_UNIX_PATH - len(str(tmp_path)) - 3))
    folder.mkdir()
    with pytest.raises(AddressError, match="choose a shorter folder"):
        listen(UnixAddress(f"{folder}/s"), SocketOptions(), shared=False)


def test_successor_takes_the_path() -> None:
    """New connections are the successor's from then on; those of the first stay its own, and its end removes nothing.

    Whoever does not say that it takes over is refused as ever, and what is no socket is nobody's to take.
    """

    async def scenario(folder: Path) -> None:
        where = f"unix:{folder}/a.sock"
        async with serving(where) as (_, address), Client(address) as before:
            with pytest.raises(AddressError, match="another server already listens there"):
                listen(address, SocketOptions(), shared=False)
            taking = SocketOptions(takes_over=True)
            async with serving(where, options=taking) as (second, _), Client(address) as after:
                for client in (before, after):
                    await client.send(greeting() + call(1))
                    assert replies(await client.until(ended(1)))[1].message == b"hello"
                assert second.connections == 1
        assert names_in(folder) == []
        (folder / "a.sock").write_text("no socket", encoding="utf-8")
        with pytest.raises(AddressError, match="exists and is no socket"):
            listen(address, SocketOptions(takes_over=True), shared=False)

    with tempfile.TemporaryDirectory() as folder:
        run(lambda: scenario(Path(folder)))
