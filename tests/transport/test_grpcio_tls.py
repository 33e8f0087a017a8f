"""TLS on the grpcio front: who may connect, and certificates that are renewed under load."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.transport.address import AddressError, TcpAddress, parse_anywhere
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.tls import Tls
from sidecar.verify.inline import verify_inline
from support.answers import read_answer
from support.certificates import Authority, Files
from support.fronts import CHECK, run
from support.requests import with_token
from support.tokens import NOW, mint
from support.trusts import trust


def _server(tls: Tls | None) -> GrpcioServer:
    in_force = trust()
    engine = Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")
    return GrpcioServer(engine, tls=tls)


@asynccontextmanager
async def _serving(tls: Tls) -> AsyncIterator[str]:
    server = _server(tls)
    address = await server.start(TcpAddress("127.0.0.1", 0))
    yield str(address)
    await server.stop(0)


async def _ask(target: str, authority: Authority, client: Files | None = None) -> bool:
    """Say whether a new connection gets an answer."""
    async with grpc.aio.secure_channel(target, _credentials(authority, client)) as channel:
        call = channel.unary_unary(CHECK)(with_token(mint()), timeout=10)  # type: ignore[call-arg]  # as in fronts
        code = await call.code()
        assert code in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
        return code is grpc.StatusCode.OK and read_answer(await call).allowed


async def _answer(channel: grpc.aio.Channel) -> bytes:
    """Ask once, and once more as Envoy does: a check that reaches a gRPC server as it stops is cancelled."""
    for last in (False, True):
        call = channel.unary_unary(CHECK)(with_token(mint()))  # type: ignore[call-arg]  # as in fronts
        code = await call.code()
        if last or code not in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}:
            break
    answer: bytes = await call
    return answer


def _credentials(authority: Authority, client: Files | None = None) -> grpc.ChannelCredentials:
    own = () if client is None else (Path(client.key).read_bytes(), Path(client.certificate).read_bytes())
    return grpc.ssl_channel_credentials(Path(authority.file).read_bytes(), *own)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return whoever signs for server and clients."""
    return Authority(tmp_path, "ca")


def test_client_without_certificate(authority: Authority, tmp_path: Path) -> None:
    """Where a client CA is named, nobody is heard without a certificate of it; a stranger's is none."""
    server, stranger = authority.sign("server"), Authority(tmp_path, "stranger")

    async def scenario() -> None:
        async with _serving(Tls(server.certificate, server.key, authority.file)) as target:
            assert await _ask(target, authority, authority.sign("envoy"))
            assert not await _ask(target, authority)
            assert not await _ask(target, authority, stranger.sign("other"))

    run(scenario())


def test_server_certificate_alone(authority: Authority, tmp_path: Path) -> None:
    """Without a client CA any client is heard that trusts us, and none that does not."""
    server = authority.sign("server")

    async def scenario() -> None:
        async with _serving(Tls(server.certificate, server.key)) as target:
            assert await _ask(target, authority)
            assert not await _ask(target, Authority(tmp_path, "another"))

    run(scenario())


def test_renewal_under_load(authority: Authority, tmp_path: Path) -> None:
    """New files count from the next connection on, and who trusts both authorities loses no check meanwhile."""
    used = Files(str(tmp_path / "used.pem"), str(tmp_path / "used.key"))
    renewed = Authority(tmp_path, "renewed")

    both = Path(authority.file).read_bytes() + Path(renewed.file).read_bytes()

    def use(files: Files) -> None:
        shutil.copy(files.certificate, used.certificate)
        shutil.copy(files.key, used.key)

    async def scenario() -> None:
        use(authority.sign("first"))
        async with (
            _serving(Tls(used.certificate, used.key)) as target,
            grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(both)) as channel,
        ):
            over, answered_after = False, 0

            async def go_on() -> None:
                nonlocal answered_after
                while not answered_after:
                    answered_after += over
                    assert read_answer(await _answer(channel)).allowed

            going_on = asyncio.create_task(go_on())
            assert not await _ask(target, renewed)
            use(renewed.sign("second"))
            while not await _ask(target, renewed):  # noqa: ASYNC110 - looked at every second
                await asyncio.sleep(0.05)
            # Half a renewal: the key does not fit. What was in use stays in use.
            shutil.copy(authority.sign("third").key, used.key)
            assert await _ask(target, renewed)
            over = True
            await going_on

    run(scenario())


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:9191"])
def test_network_takes_tls(listen: str) -> None:
    """Without TLS the server listens on this machine alone."""

    async def scenario() -> None:
        with pytest.raises(AddressError, match="not loopback, and takes 'tls'"):
            await _server(None).start(parse_anywhere(listen))

    run(scenario())


def test_files_that_do_not_do(authority: Authority, tmp_path: Path) -> None:
    """A key that does not fit, or a file that is not there, is said before anybody connects."""
    one, other = authority.sign("one"), authority.sign("other")

    async def scenario() -> None:
        for tls in (Tls(one.certificate, other.key), Tls(one.certificate, str(tmp_path / "missing"))):
            with pytest.raises(AddressError, match=r"tls: cannot"):
                await _server(tls).start(TcpAddress("127.0.0.1", 0))

    run(scenario())
