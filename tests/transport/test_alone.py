"""Of servers that begin at once at one address one listens, and the others are told so."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.http import listening as http
from sidecar.transport import grpcio_server
from sidecar.transport.address import Address, AddressError, TcpAddress, UnixAddress, refuse_if_taken
from sidecar.transport.alone import alone_at
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.native import listening as native
from sidecar.transport.native.listening import SocketOptions
from sidecar.transport.sockets import Listening
from sidecar.transport.tls import Tls
from sidecar.verify.inline import verify_inline
from support.certificates import Authority
from support.fronts import run
from support.tokens import NOW
from support.trusts import trust


def _native(address: Address) -> Listening:
    return native.listen(address, SocketOptions(), shared=False)


@pytest.fixture(params=["folder", "port"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """Give an address of either kind that others may want."""
    if request.param == "folder":
        return UnixAddress(f"{tmp_path}/a.sock")
    if sys.platform != "linux":
        pytest.skip("ports are not looked after here")
    return TcpAddress("127.0.0.1", 9191)


def test_one_after_the_other(address: Address) -> None:
    """While somebody is at an address nobody else is, and afterwards anybody; nothing is left behind."""
    with alone_at(address):
        with pytest.raises(AddressError, match="somebody else is about to listen there"), alone_at(address, 0.0):
            pass
        turn = threading.Event()

        def wait() -> None:
            with alone_at(address):
                turn.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not turn.wait(0.05)
    waiting.join(30)
    assert turn.is_set()
    if isinstance(address, UnixAddress):
        assert list(Path(address.path).parent.iterdir()) == []


def test_it_ends_after_an_error(address: Address) -> None:
    """Whoever fails there is in nobody's way."""
    with suppress(ValueError), alone_at(address):
        raise ValueError
    with alone_at(address, 0.0):
        pass


@pytest.mark.parametrize("listen", [_native, http.listen], ids=["native", "http"])
def test_one_stale_socket_and_two_servers(
    listen: Callable[[Address], Listening], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find that nobody answers on a stale socket: one gets its place, and the other is refused."""
    address = UnixAddress(f"{tmp_path}/a.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(address.path)
    both_looked, winners, losers = threading.Barrier(2), list[Listening](), list[Exception]()

    def looked(look: Callable[..., None]) -> Callable[..., None]:
        def look_and_wait(*arguments: object) -> None:
            look(*arguments)
            with suppress(threading.BrokenBarrierError):
                both_looked.wait(0.5)

        return look_and_wait

    monkeypatch.setattr(native, "refuse_if_taken", looked(refuse_if_taken))
    monkeypatch.setattr(http, "_clear", looked(http._clear))

    def begin() -> None:
        try:
            winners.append(listen(address))
        except (AddressError, http.ListenError) as error:
            losers.append(error)

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    try:
        assert (len(winners), len(losers)) == (1, 1)
        assert "another server" in str(losers[0])
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(address.path)
    finally:
        for one in winners:
            one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="ports are not looked after here")
def test_grpcio_is_alone_while_it_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Between a look at a port and gRPC's taking it, which shares it with anybody, nobody else can be there."""
    looked = []

    def look(address: Address) -> None:
        with pytest.raises(AddressError, match="about to listen"), alone_at(address, 0.0):
            pass
        looked.append(address)

    monkeypatch.setattr(grpcio_server, "refuse_if_in_use", look)
    monkeypatch.setattr(grpcio_server, "refuse_if_taken", look)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = TcpAddress("127.0.0.1", probe.getsockname()[1])

    async def scenario() -> None:
        certificate = Authority(tmp_path, "ca").sign("authz")
        in_force = trust()
        engine = Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")
        server = GrpcioServer(engine, tls=Tls(certificate.certificate, certificate.key))
        await server.start(address)
        with alone_at(address, 0.0):
            assert looked == [address, address]
        await server.stop(0)

    run(scenario())


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """The error says what to do."""
    folder = tmp_path / "write-only"
    folder.mkdir(0o300)
    with pytest.raises(AddressError, match="make it readable"), alone_at(UnixAddress(f"{folder}/a.sock")):
        pass
