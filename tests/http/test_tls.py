"""The administration with client certificates."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.http.listeners import Access
from sidecar.http.server import Limits, Listener
from sidecar.transport.tls import Tls, TlsError
from support.certificates import Authority, Files
from support.listeners import LOOPBACK, TOKEN, admin, connect, folder, get, run, send, started, token_file


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder."""
    with folder() as made:
        yield made


@pytest.fixture
def authority(place: Path) -> Authority:
    """Give the CA of server and clients."""
    return Authority(place, "ca")


@pytest.fixture
def server(authority: Authority) -> Files:
    """Give the server's certificate."""
    return authority.sign("server")


def client(trusted: Authority, files: Files | None = None) -> ssl.SSLContext:
    """Return a client's context, with its certificate if it has one."""
    context = ssl.create_default_context(cafile=trusted.file)
    if files:
        context.load_cert_chain(files.certificate, files.key)
    return context


def mutual(server: Files, authority: Authority, **others: Limits) -> Listener:
    """Return a listener that takes clients of ``authority``."""
    return admin(LOOPBACK, Access(tls=Tls(server.certificate, server.key, authority.file)), **others)


@pytest.mark.parametrize("loops", ["asyncio", "uvloop"])
def test_client_with_certificate(authority: Authority, server: Files, loops: str) -> None:
    """A client of the CA gets in, whichever event loop control runs on."""
    new_event_loop = pytest.importorskip(loops).new_event_loop

    async def test() -> None:
        async with started(mutual(server, authority)) as listener:
            assert (await get(listener, "/config", ssl=client(authority, authority.sign("alice")))).status == 200

    run(test, new_event_loop)


def test_client_without_certificate(authority: Authority, server: Files) -> None:
    """A client without a certificate, or with one of another CA or its own, gets no answer."""

    async def test() -> None:
        with folder() as elsewhere:
            stranger = Authority(elsewhere, "ca").sign("alice")
            async with started(mutual(server, authority)) as listener:
                for files in (None, stranger):
                    assert (await get(listener, "/config", ssl=client(authority, files))).raw == b""

    run(test)


def test_client_without_tls(authority: Authority, server: Files) -> None:
    """A client that does not speak TLS gets no answer; one that says nothing is cut off."""

    async def test() -> None:
        brief = Limits(connections=4, seconds=0.2)
        async with started(mutual(server, authority, limits=brief)) as listener:
            reply = await send(listener, b"GET /config HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP" not in reply.raw
            reader, writer = await connect(listener)
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()

    run(test)


def test_silent_clients_do_not_keep_others_out(authority: Authority, server: Files) -> None:
    """Handshakes that never end count as connections: the oldest makes room."""

    async def test() -> None:
        patient = Limits(connections=3, seconds=60.0)
        async with started(mutual(server, authority, limits=patient)) as listener:
            silent = [await connect(listener) for _ in range(5)]
            assert (await get(listener, "/config", ssl=client(authority, authority.sign("alice")))).status == 200
            for _, writer in silent:
                writer.close()

    run(test)


def test_old_protocol(authority: Authority, server: Files) -> None:
    """TLS 1.2 and before is not spoken."""

    async def test() -> None:
        old = client(authority, authority.sign("alice"))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        async with started(mutual(server, authority)) as listener:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await connect(listener, ssl=old)

    run(test)


def test_token_over_tls(place: Path, authority: Authority, server: Files) -> None:
    """With a token no client certificate is needed, and TLS alone does not let anybody in."""

    async def test() -> None:
        access = Access(tls=Tls(server.certificate, server.key), token=token_file(place))
        async with started(admin(LOOPBACK, access)) as listener:
            trusting = client(authority)
            with_it = await get(listener, "/config", f"Authorization: Bearer {TOKEN}", ssl=trusting)
            without = await get(listener, "/config", ssl=trusting)
        assert (with_it.status, without.status) == (200, 401)

    run(test)


def test_renewed_certificate_counts_at_once(
    authority: Authority, server: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """The next connection sees the new certificate; with files that do not do it is refused, and told in the log."""

    async def test() -> None:
        alice = client(authority, authority.sign("alice"))
        renewed = authority.sign("renewed")
        async with started(mutual(server, authority)) as listener:
            shutil.copy(renewed.certificate, server.certificate)
            broken = await send(listener, b"GET")
            shutil.copy(renewed.key, server.key)
            _, writer = await connect(listener, ssl=alice)
            peer = writer.get_extra_info("peercert")
            writer.close()
        assert broken.raw == b""
        assert peer["subject"] == ((("commonName", "renewed"),),)

    run(test)
    assert "KEY_VALUES_MISMATCH" in caplog.text


@pytest.mark.parametrize("wrong", ["missing", "swapped", "encrypted", "no_ca", "missing_ca"])
def test_files_that_do_not_do(place: Path, authority: Authority, server: Files, wrong: str) -> None:
    """They are named before anybody listens; nothing asks for a password."""
    locked = authority.sign("locked", password=b"hunter2")
    (place / "empty").write_text("")
    tls = {
        "missing": Tls(str(place / "missing"), server.key),
        "swapped": Tls(server.key, server.certificate),
        "encrypted": Tls(locked.certificate, locked.key),
        "no_ca": Tls(server.certificate, server.key, str(place / "empty")),
        "missing_ca": Tls(server.certificate, server.key, str(place / "none")),
    }[wrong]

    async def test() -> None:
        with pytest.raises(TlsError, match=f"cannot use {place}/.*: ."):
            await admin(LOOPBACK, Access(tls=tls, token=token_file(place))).start()

    run(test)
