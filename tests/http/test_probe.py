"""The probe listener over real sockets: what it tells, and to what it says no."""

import asyncio

import httpx
import pytest

from sidecar.observe.condition import Condition
from support.listeners import METRICS, OPENMETRICS, Broken, Facts, get, probes, run, send, started

OK = Condition("keys", ok=True)
BAD = Condition("server-1", ok=False, reason="no heartbeat for 7 s")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_well(path: str) -> None:
    """All conditions hold: 200, and one word."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await get(listener, path)
        assert (reply.status, reply.body) == (200, "ok\n")
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"

    run(test)


@pytest.mark.parametrize("query", ["?verbose", "?verbose=1", "?a=b&verbose"])
def test_verbose(query: str) -> None:
    """Asked for it, every condition is listed, as Kubernetes does."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await get(listener, f"/readyz{query}")
        assert reply.status == 200
        assert reply.body == "[+]keys ok\n[+]server-0 ok\nreadyz check passed\n"

    run(test)


def test_unwell() -> None:
    """One condition does not hold: 503, and the list of all with the reason."""

    async def test() -> None:
        async with started(probes(Facts(ready=[OK, BAD]))) as listener:
            reply = await get(listener, "/readyz")
            live = await get(listener, "/livez")
        assert reply.status == 503
        assert reply.body == "[+]keys ok\n[-]server-1 failed: no heartbeat for 7 s\nreadyz check failed\n"
        assert live.status == 200

    run(test)


def test_reason_stays_in_its_line() -> None:
    """No reason can forge another line, nor is it longer than a line."""

    async def test() -> None:
        forged = Condition("a\r\nb", ok=False, reason="x\n[+]all ok\x1b[31mé" + "y" * 10_000)
        async with started(probes(Facts(ready=[forged]))) as listener:
            reply = await get(listener, "/readyz")
        first, last, *others = reply.body.splitlines()
        assert first.startswith("[-]a??b failed: x?[+]all ok?[31m?yyy")
        assert len(first) < 250
        assert last == "readyz check failed"
        assert others == []

    run(test)


def test_metrics() -> None:
    """What was counted is given as it is, in the format that Prometheus expects."""

    async def test() -> None:
        async with started(probes()) as listener, httpx.AsyncClient(base_url=f"http://{listener.address}") as client:
            found = await client.get("/metrics")
            head = await client.head("/metrics")
        assert (found.status_code, found.content) == (200, METRICS)
        assert found.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(METRICS)))

    run(test)


def test_openmetrics() -> None:
    """Who asks for OpenMetrics is given that, whatever version of it there may be beside."""

    async def test() -> None:
        asked = {"accept": "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3"}
        async with started(probes()) as listener, httpx.AsyncClient(base_url=f"http://{listener.address}") as client:
            found = await client.get("/metrics", headers=asked)
        assert (found.status_code, found.content) == (200, OPENMETRICS)
        assert found.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"

    run(test)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/livez", "/metrics", "/unknown"])
def test_other_methods(method: str, path: str) -> None:
    """Nothing but GET and HEAD."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await get(listener, path, method=method, body="a=1")
        assert reply.status == 405
        assert reply.headers["allow"] == "GET, HEAD"

    run(test)


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/",
            "/config",
            "/livez/",
            "//livez",
            "/./livez",
            "/a/../livez",
            "/livez%00",
            "/%6civez",
            "/livez;a",
            "/LIVEZ",
        ),
        *("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/metrics/../../etc/passwd", "http://localhost/livez", "*"),
        *("/livez#verbose", "/healthz", "/metrics%3f", "\\livez"),
    ],
)
def test_other_targets(target: str) -> None:
    """A target is what it says: nothing is decoded or normalised, and there are no files."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await get(listener, target)
        assert reply.status in (400, 404)
        assert "passwd" not in reply.raw.decode()

    run(test)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(70)) + b"\r\n",
        b"hunter2\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n hunter2: folded\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nhunter2\r\n\r\n",
        b"GET /livez HTTP/9.9\r\nHost: hunter2\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00hunter2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nhunter2",
    ],
)
def test_no_http(request_bytes: bytes) -> None:
    """What is too long, or no HTTP, is refused; nothing of it comes back, nor does any version of ours."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await send(listener, request_bytes)
            after = await get(listener, "/livez")
        assert reply.status in (0, 400)
        assert reply.body in ("", "bad request\n")
        for word in (b"aiohttp", b"Python", b"hunter2", b"Traceback"):
            assert word not in reply.raw
        assert after.status == 200

    run(test)


@pytest.mark.parametrize("target", ["/livez", "/nothing", "/metrics"])
def test_headers(target: str) -> None:
    """No version, no cookie, no CORS; nothing is kept by caches."""

    async def test() -> None:
        async with started(probes()) as listener:
            headers = (await get(listener, target, "Origin: http://evil", "Cookie: a=b")).headers
        assert set(headers) == {
            *("content-type", "content-length", "date", "connection"),
            *("server", "cache-control", "x-content-type-options"),
        }
        assert headers["server"] == "ext-authz-sidecar"
        assert headers["connection"] == "close"
        assert headers["cache-control"] == "no-store"

    run(test)


def test_one_request_a_connection() -> None:
    """A second request on the same connection is not answered."""

    async def test() -> None:
        async with started(probes()) as listener:
            reply = await send(listener, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        assert reply.raw.count(b"HTTP/1.1 200") == 1

    run(test)


def test_page_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """An error in the sidecar is an answer without a word of it, and stands in the log."""

    async def test() -> None:
        async with started(probes(Broken())) as listener:
            reply = await get(listener, "/readyz")
            after = await get(listener, "/livez")
        assert (reply.status, reply.body) == (500, "internal error; see the log\n")
        assert after.status == 200

    run(test)
    assert "hunter2" in caplog.text


def test_many_callers_at_once() -> None:
    """Callers do not wait for each other."""

    async def test() -> None:
        async with started(probes()) as listener:
            replies = await asyncio.gather(*(get(listener, "/livez") for _ in range(8)))
        assert [reply.status for reply in replies] == [200] * 8

    run(test)
