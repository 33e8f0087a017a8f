"""The administration over real sockets: who gets in, and what they find."""

import asyncio
import hmac
import json
from pathlib import Path

import httpx
import pytest

from sidecar.http.admin import Route
from sidecar.http.guard import TokenError, TokenFile
from sidecar.http.listeners import Access, AccessError
from sidecar.http.message import Answer, Call, text
from sidecar.http.server import Listener
from sidecar.transport.address import TcpAddress, UnixAddress
from support.listeners import CONFIGURATION, LOOPBACK, TOKEN, admin, folder, get, run, send, started, token_file

BEARER = f"Authorization: Bearer {TOKEN}"


def on_socket(place: Path) -> Listener:
    """Return an admin listener on a Unix socket."""
    return admin(UnixAddress(str(place / "a.sock")))


def with_token(place: Path) -> Listener:
    """Return an admin listener on TCP with a token."""
    return admin(LOOPBACK, Access(token=token_file(place)))


def test_configuration_is_masked() -> None:
    """The running configuration is shown as JSON, without its secrets."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                transport = httpx.AsyncHTTPTransport(uds=str(place / "a.sock"))
                async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                    found = await client.get("/config")
        assert found.status_code == 200
        assert found.headers["content-type"] == "application/json"
        assert found.json() == CONFIGURATION | {"client_secret": "***"}
        assert listener.address == UnixAddress(str(place / "a.sock"))

    run(test)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:9193",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost,evil.example",
        ),
        *(
            "evil.example#localhost",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost evil",
            "localhost:80:80",
        ),
        *("localhost:", "localhost.", "", " ", "[::1", "::1", "127.0.0.2", "127.1", "2130706433", "0", "\udce9"),
    ],
)
def test_other_host_is_refused(host: str) -> None:
    """A name that is not ours, however it is dressed up, gets nothing: DNS rebinding ends here."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                request = f"GET /config HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("utf-8", "surrogateescape")
                reply = await send(listener, request)
        assert reply.status in (400, 421)
        assert "log_level" not in reply.body
        assert "evil" not in reply.body

    run(test)


@pytest.mark.parametrize(
    "head",
    [
        *("GET /config HTTP/1.1\r\n", "GET /config HTTP/1.0\r\n"),
        "GET /config HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
        "GET /config HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET /config HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        "GET http://evil.example/config HTTP/1.1\r\nHost: localhost\r\n",
        "GET http://localhost/config HTTP/1.1\r\nHost: localhost\r\n",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n",
    ],
)
def test_host_must_be_there_once(head: str) -> None:
    """Without a Host header, or with anything that could outrank it, nobody gets in."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                reply = await send(listener, f"{head}\r\n".encode())
        assert reply.status in (400, 421)
        assert "log_level" not in reply.body

    run(test)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9193", "admin.internal", "Admin.Internal:1"]
)
def test_own_host_is_taken(host: str) -> None:
    """Our own names, in any case and with any port, and those that were configured."""

    async def test() -> None:
        with folder() as place:
            listener = admin(LOOPBACK, Access(token=token_file(place), hosts=("Admin.internal",)))
            async with started(listener):
                request = f"GET /config HTTP/1.1\r\nHost: {host}\r\n{BEARER}\r\n\r\n"
                reply = await send(listener, request.encode())
        assert reply.status == 200

    run(test)


@pytest.mark.parametrize(
    "header",
    [
        "Origin: http://evil.example",
        "Origin: null",
        "Origin:",
        "origin: http://localhost",
        "Sec-Fetch-Site: same-origin",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_browser_is_refused(header: str, method: str) -> None:
    """Whatever a browser sends is refused, preflights included, and no CORS header invites another try."""

    async def test() -> None:
        with folder() as place:
            async with started(with_token(place)) as listener:
                reply = await get(
                    listener, "/config", header, BEARER, "Access-Control-Request-Method: GET", method=method
                )
        assert reply.status == 403
        assert not any(name.startswith("access-control") for name in reply.headers)
        assert "set-cookie" not in reply.headers

    run(test)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Authorization: Bearer",),
        ("Authorization: Bearer ",),
        (f"Authorization: Bearer {TOKEN[:-1]}",),
        (f"Authorization: Bearer {TOKEN}x",),
        (f"Authorization: Bearer  {TOKEN}",),
        (f"Authorization: Bearer {TOKEN.upper()}",),
        (f"Authorization: Basic {TOKEN}",),
        (f"Authorization: {TOKEN}",),
        (BEARER, BEARER),
        ("Authorization: Bearer x", BEARER),
        (f"Cookie: token={TOKEN}",),
        (f"X-Authorization: Bearer {TOKEN}",),
        ("Authorization: Bearer \udce9" + TOKEN[1:],),
        ("Authorization: Bearer é",),
    ],
)
@pytest.mark.parametrize("target", ["/config", f"/config?access_token={TOKEN}", "/nothing"])
def test_wrong_token(headers: tuple[str, ...], target: str) -> None:
    """Without exactly the token nobody learns anything, not even which routes there are."""

    async def test() -> None:
        with folder() as place:
            async with started(with_token(place)) as listener:
                reply = await get(listener, target, *headers)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Bearer realm="admin"'
        assert reply.body == "a bearer token is required\n"

    run(test)


def test_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are compared by ``hmac.compare_digest``, and its word is what counts."""
    compared = []

    def never(sent: bytes, expected: bytes) -> bool:
        compared.append((sent, expected))
        return False

    async def test() -> None:
        with folder() as place:
            async with started(with_token(place)) as listener:
                assert (await get(listener, "/config", BEARER)).status == 200
                monkeypatch.setattr(hmac, "compare_digest", never)
                assert (await get(listener, "/config", BEARER)).status == 401

    run(test)
    assert compared == [(TOKEN.encode(), TOKEN.encode())]


def test_renewed_token_counts_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The old token is of no use any more; without a file nobody gets in."""

    async def test() -> None:
        with folder() as place:
            async with started(with_token(place)) as listener:
                renewed = TOKEN[::-1]
                token_file(place, renewed)
                old = await get(listener, "/config", BEARER)
                new = await get(listener, "/config", f"authorization: bearer {renewed}")
                token_file(place, "")
                empty = await get(listener, "/config", "Authorization: Bearer ")
                (place / "token").unlink()
                gone = await get(listener, "/config", BEARER)
        assert [reply.status for reply in (old, new, empty, gone)] == [401, 200, 503, 503]

    run(test)
    assert TOKEN not in caplog.text
    assert "cannot read the bearer token" in caplog.text


@pytest.mark.parametrize(
    "token", ["", "x" * 31, "x" * 1025, "x" * 20 + " " + "x" * 20, "é" * 32, "x" * 40 + "\n" + "y" * 40]
)
def test_token_must_do(token: str) -> None:
    """A token that could be guessed, or not sent, is refused before anybody listens; the text tells how to make one."""
    with folder() as place:
        with pytest.raises(TokenError) as refused:
            admin(LOOPBACK, Access(token=token_file(place, token)))
        assert str(place / "token") in str(refused.value)
        assert token[:20] not in str(refused.value) or not token


def test_tcp_needs_protection() -> None:
    """On TCP, loopback included, nobody listens without a token or client certificates."""
    for host in ("127.0.0.1", "0.0.0.0", "::1"):  # noqa: S104 - that it is refused is the point
        with pytest.raises(AccessError, match="needs a bearer token or client certificates"):
            admin(TcpAddress(host, 0))


@pytest.mark.parametrize(
    ("method", "target", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/config/", 404, None),
        ("GET", "/config/../config", 404, None),
        ("GET", "//config", 404, None),
        ("GET", "/%63onfig", 404, None),
        ("GET", "/../../etc/passwd", 404, None),
        ("POST", "/config", 405, "GET, HEAD"),
        ("GET", "/echo", 405, "POST"),
        ("OPTIONS", "/echo", 405, "POST"),
        ("HEAD", "/config", 200, None),
        ("GET", "/config?x=1", 200, None),
    ],
)
def test_routes(method: str, target: str, status: int, allow: str | None) -> None:
    """There is what was registered, by exactly its name, and nothing else."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                reply = await get(listener, target, method=method)
        assert reply.status == status
        assert reply.headers.get("allow") == allow

    run(test)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("", "", 200),
        ('{"a": 1}', "Content-Type: application/json; charset=utf-8", 200),
        ("a" * 65536, "Content-Type: application/json", 200),
        ("a" * 65537, "Content-Type: application/json", 413),
        ("a=1", "Content-Type: application/x-www-form-urlencoded", 415),
        ("a=1", "Content-Type: text/plain", 415),
        ("a=1", "X: y", 415),
    ],
)
def test_posted_body(body: str, kind: str, status: int) -> None:
    """A body reaches its route if it is JSON and not too long; forms, which browsers send unasked, never do."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                reply = await get(listener, "/echo", *([kind] if kind else []), method="POST", body=body)
        assert reply.status == status
        if status == 200:
            assert json.loads(reply.body) == {"got": len(body)}

    run(test)


def test_compressed_body_is_not_unpacked() -> None:
    """No bomb goes off here: a body is taken as it was sent."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                headers = ("Content-Type: application/json", "Content-Encoding: gzip")
                reply = await get(listener, "/echo", *headers, method="POST", body="not gzip")
        assert json.loads(reply.body) == {"got": 8}

    run(test)


def test_route_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """An error in a route is an answer without a word of it, and stands in the log."""

    async def test() -> None:
        with folder() as place:
            async with started(on_socket(place)) as listener:
                reply = await get(listener, "/fail")
        assert (reply.status, reply.body) == (500, "internal error; see the log\n")

    run(test)
    assert "hunter2" in caplog.text


def test_same_route_twice() -> None:
    """Two routes of one name are a mistake."""

    async def handle(_: bytes) -> Answer:
        return text(200, "")

    with pytest.raises(ValueError, match="two routes for GET /config"):
        admin(UnixAddress("/a"), routes=[Route("GET", "/config", handle)])


def test_answer_under_way_is_finished_at_stop() -> None:
    """Who asked before the end gets the answer; who comes afterwards finds nobody."""

    async def test() -> None:
        began, may_end = asyncio.Event(), asyncio.Event()

        async def handle(_: bytes) -> Answer:
            began.set()
            await may_end.wait()
            return text(200, "done")

        with folder() as place:
            listener = admin(UnixAddress(str(place / "a.sock")), routes=[Route("POST", "/slow", handle)])
            await listener.start()
            asked = asyncio.create_task(get(listener, "/slow", method="POST"))
            await began.wait()
            stopping = asyncio.create_task(listener.stop(grace_seconds=60.0))
            while (place / "a.sock").exists():  # noqa: ASYNC110 - no event tells that it is gone
                await asyncio.sleep(0)
            may_end.set()
            await stopping
            assert (await asked).body == "done\n"
            with pytest.raises(FileNotFoundError):
                await get(listener, "/config")
            await listener.stop()

    run(test)


def test_token_file_is_not_shown_by_its_error() -> None:
    """What is no file is told by name."""
    with folder() as place, pytest.raises(TokenError, match="cannot read the bearer token: Is a directory"):
        TokenFile(str(place)).read()


def test_call_gives_all_values() -> None:
    """A header that was sent twice has two values."""

    async def read() -> bytes:
        return b""

    call = Call("GET", "/", "", (("a", "1"), ("b", "2"), ("a", "3")), read)
    assert call.values("a") == ["1", "3"]
