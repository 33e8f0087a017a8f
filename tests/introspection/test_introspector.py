"""Questions to a real HTTPS server, and what comes of whatever it does."""

import asyncio
import base64
import gzip
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar.core.introspection import Client, Introspection, Reference
from sidecar.core.needs import Decided, Introspect, Introspected
from sidecar.engine.engine import OverloadError
from sidecar.introspection.breaker import FAILURES
from sidecar.introspection.introspector import Introspector
from sidecar.introspection.result import Result
from support.issuers import Behaviour, FakeIssuer, says, serving_issuer, yes

TOKEN = b"opaque-token"
Test = Callable[[FakeIssuer, Introspector], Awaitable[None]]


def need(introspection: Introspection, token: bytes = TOKEN) -> Introspect:
    """Return a need that nobody resumes."""

    def never(_answer: Introspected, _now: float) -> Decided:
        raise AssertionError

    return Introspect(blake2b(token, digest_size=32).digest(), bytes(32), introspection, token, never)


class Case:
    """A running issuer and what asks it."""

    def __init__(self, folder: Path) -> None:
        self.results: list[Result] = []
        self._folder = folder

    def run(self, test: Test) -> None:
        """Run a test against it."""

        async def work() -> None:
            async with serving_issuer(self._folder) as issuer:
                introspector = Introspector(self._folder, self.results.append)
                try:
                    await test(issuer, introspector)
                finally:
                    await introspector.close()

        asyncio.run(asyncio.wait_for(work(), 60))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Return a case whose files are in a folder of its own."""
    return Case(tmp_path)


def test_question_and_answer(case: Case) -> None:
    """The token is asked about with the client's credentials, form-encoded, and the body comes back as it is."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        answer = await introspector.introspect(need(issuer.introspection()))
        assert answer.body is not None
        assert b'"active": true' in answer.body
        assert answer.token_digest == blake2b(TOKEN, digest_size=32).digest()
        asked = issuer.asked[0]
        assert asked.form == {"token": "opaque-token", "token_type_hint": "access_token"}
        basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        assert basic == "side%3Acar:s3cret+with+spaces%2B"
        assert asked.headers["accept"] == "application/json"

    case.run(test)
    assert case.results == [Result.ANSWERED]


def test_private_key(case: Case, tmp_path: Path) -> None:
    """A client with a key signs an assertion for the issuer, another one each time."""
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "client.pem").write_bytes(pem)
    client = Client("private_key_jwt", "sidecar", Reference("file", "client.pem"), "https://as.example")

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        for number in range(2):
            await introspector.introspect(need(issuer.introspection(client=client), b"t%d" % number))
        claims = [
            jwt.decode(one.form["client_assertion"], key.public_key(), ["ES256"], audience="https://as.example")
            for one in issuer.asked
        ]
        assert {(one["iss"], one["sub"], one["exp"] - one["iat"]) for one in claims} == {("sidecar", "sidecar", 60)}
        assert claims[0]["jti"] != claims[1]["jti"]
        assert issuer.asked[0].form["client_assertion_type"].endswith(":jwt-bearer")
        assert "authorization" not in issuer.asked[0].headers

    case.run(test)


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": "100"})
    await response.prepare(request)
    await response.write(b'{"active": true')
    assert request.transport is not None
    request.transport.close()
    return response


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    try:
        for _ in range(50 * 16):
            await response.write(b" " * 65536)
    except ConnectionError:
        request.app["cut off"] = True
    return response


async def _silent(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError


async def _reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


_FAULTS: dict[str, Behaviour] = {
    "500": says({"active": True}, 500),
    "401": says({"active": True}, 401),
    "400": says({"active": True}, 400),
    "204": says(b"", 204),
    "201": says({"active": True}, 201),
    "redirect": says(b"", 307, location="https://127.0.0.1:1/"),
    "html": says(b"<html>", 200, **{"content-type": "text/html"}),
    "text": says(b'{"active": true}', 200, **{"content-type": "text/plain"}),
    "jwt": says(b"a.b.c", 200, **{"content-type": "application/token-introspection+jwt"}),
    "gzip": says(gzip.compress(b'{"active": true}'), 200, **{"content-encoding": "gzip"}),
    "deflate": says(b"x", 200, **{"content-encoding": "deflate"}),
    "50 MB": says(b" " * 50_000_000),
    "endless": _endless,
    "cut": _cut,
    "silent": _silent,
    "reset": _reset,
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_fault_is_no_answer(case: Case, fault: str) -> None:
    """Whatever an issuer does wrong is no answer, and nothing is raised."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        issuer.behaviour = _FAULTS[fault]
        answer = await introspector.introspect(need(issuer.introspection(timeout=0.5 if fault == "silent" else 10.0)))
        assert answer.body is None
        issuer.behaviour = yes()
        assert (await introspector.introspect(need(issuer.introspection(timeout=10.0)))).body is not None

    case.run(test)
    assert case.results[0] is Result.FAILED


@pytest.mark.parametrize(
    "change",
    [
        {"ca_file": None},
        {"ca_file": "missing.pem"},
        {"ca_file": "secret.txt"},
        {"allow_private": False},
        {"url": "https://localhost:1/"},
        {"url": "https://no-such-host.invalid/"},
        {"client": Client("client_secret_basic", "a", Reference("file", "missing.txt"))},
        {"client": Client("client_secret_basic", "a", Reference("env", "NO_SUCH_VARIABLE"))},
        {"client": Client("private_key_jwt", "a", Reference("file", "secret.txt"), "x")},
    ],
    ids=str,
)
def test_what_cannot_be_asked(case: Case, change: dict[str, Any]) -> None:
    """An issuer that is not to be trusted, not to be connected to, or that we have no secret for, is not asked."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        assert (await introspector.introspect(need(issuer.introspection(**change)))).body is None
        assert issuer.asked == []

    case.run(test)
    assert case.results == [Result.FAILED]


@pytest.mark.parametrize("days", [-1, 1])
def test_certificate_that_has_expired(tmp_path: Path, days: int) -> None:
    """Its issuer is not told the token, and there is no answer; with the same for longer there is one."""

    async def test() -> None:
        async with serving_issuer(tmp_path, days) as issuer:
            introspector = Introspector(tmp_path)
            answer = await introspector.introspect(need(issuer.introspection()))
            await introspector.close()
            assert (answer.body is not None, len(issuer.asked)) == ((True, 1) if days > 0 else (False, 0))

    asyncio.run(asyncio.wait_for(test(), 60))


def test_name_that_leads_to_a_private_address(case: Case) -> None:
    """The guard looks at the address that is connected to, however it was named."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        url = issuer.url.replace("127.0.0.1", "localhost")
        assert (await introspector.introspect(need(issuer.introspection(url=url, allow_private=False)))).body is None
        assert issuer.asked == []

    case.run(test)


def test_one_question_for_many(case: Case) -> None:
    """Checks that want the same answer at the same time ask once; another token is another question."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        go = asyncio.Event()

        async def wait(request: web.Request) -> web.StreamResponse:
            await go.wait()
            return await yes()(request)

        issuer.behaviour = wait
        asks = [asyncio.create_task(introspector.introspect(need(issuer.introspection()))) for _ in range(20)]
        asks.append(asyncio.create_task(introspector.introspect(need(issuer.introspection(), b"other"))))
        await issuer.arrived.acquire()
        await issuer.arrived.acquire()
        go.set()
        assert all(answer.body for answer in await asyncio.gather(*asks))
        assert len(issuer.asked) == 2
        await introspector.introspect(need(issuer.introspection()))
        assert len(issuer.asked) == 3

    case.run(test)


def test_answer_that_comes_late_is_found_by_who_tries_again(case: Case) -> None:
    """A check that its deadline ends does not end the question, and the next one for the token has the answer."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        go = asyncio.Event()

        async def wait(request: web.Request) -> web.StreamResponse:
            await go.wait()
            return await yes()(request)

        issuer.behaviour = wait
        ask = asyncio.create_task(introspector.introspect(need(issuer.introspection(timeout=10.0))))
        await issuer.arrived.acquire()
        ask.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ask
        go.set()
        assert (await introspector.introspect(need(issuer.introspection(timeout=10.0)))).body is not None
        assert len(issuer.asked) == 1

    case.run(test)


def test_too_many_questions_are_shed(case: Case) -> None:
    """Beyond its limit an issuer is asked nothing more; questions that are under way go on."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        go = asyncio.Event()

        async def wait(request: web.Request) -> web.StreamResponse:
            await go.wait()
            return await yes()(request)

        issuer.behaviour = wait
        few = issuer.introspection(max_in_flight=2, timeout=10.0)
        asks = [asyncio.create_task(introspector.introspect(need(few, b"t%d" % number))) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            await introspector.introspect(need(few, b"t3"))
        go.set()
        assert all(answer.body for answer in await asyncio.gather(*asks))
        assert (await introspector.introspect(need(few, b"t3"))).body is not None

    case.run(test)


def test_issuer_that_fails_is_left_alone(case: Case) -> None:
    """After some failures in a row nobody waits for an issuer any more."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        issuer.behaviour = says({}, 503)
        for number in range(FAILURES + 3):
            assert (await introspector.introspect(need(issuer.introspection(), b"t%d" % number))).body is None
        assert len(issuer.asked) == FAILURES

    case.run(test)
    assert case.results == [Result.FAILED] * FAILURES + [Result.REJECTED] * 3


def test_bad_request_says_nothing_of_the_issuer(case: Case) -> None:
    """A token that an issuer calls a bad request does not keep other tokens from being asked about."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        issuer.behaviour = says({"error": "invalid_request"}, 400)
        for number in range(FAILURES + 3):
            assert (await introspector.introspect(need(issuer.introspection(), b"t%d" % number))).body is None
        assert len(issuer.asked) == FAILURES + 3

    case.run(test)


def test_no_token_and_no_secret_in_the_log(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """What is logged of a failure has neither token nor secret, nor what the issuer sent."""

    async def test(issuer: FakeIssuer, introspector: Introspector) -> None:
        issuer.behaviour = says({"echo": "opaque-token"}, 500)
        await introspector.introspect(need(issuer.introspection()))

    case.run(test)
    assert "HTTP status 500" in caplog.text
    assert "opaque-token" not in caplog.text
    assert "s3cret" not in caplog.text
