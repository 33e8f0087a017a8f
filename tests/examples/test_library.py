"""The examples in examples/library do what they say: a plain ASGI application, and a real gRPC server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest

from asgi_middleware import AuthenticationMiddleware, Message, Receive, Send
from grpc_interceptor import IDENTITY, AuthenticationInterceptor
from sidecar import Authenticator, ClosedError
from support.authenticators import settings, token
from support.keypairs import pair

_FOLDER = Path(__file__).parents[2] / "examples/library"


async def _whoami(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        await send({"type": "lifespan.shutdown.complete"})
        return
    identity = scope["identity"]
    body = b"nobody" if identity is None else identity.subject.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _lifespan(app: AuthenticationMiddleware) -> AsyncIterator[None]:
    """Start and stop an application as a server does."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    task = asyncio.ensure_future(app({"type": "lifespan"}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    yield
    await to_app.put({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await task


def test_asgi() -> None:
    """A good token reaches the application, which is told who; nothing else does, but what is public."""
    app = AuthenticationMiddleware(_whoami, Authenticator(settings()), public=["/health"])
    bad = token(key=pair(owner="stranger"))
    refused: list[tuple[list[tuple[str, str]], int, str]] = [
        ([], 401, "no_credential"),
        ([("authorization", "Basic YTpi")], 401, "no_credential"),
        ([("authorization", "Bearer")], 401, "no_credential"),
        ([("authorization", f"Bearer {bad}")], 401, "bad_signature"),
        ([("authorization", f"Bearer  {token()}")], 400, "malformed_credential"),
        ([("authorization", f"Bearer {token()}")] * 2, 400, "several_credentials"),
        ([("authorization", f"Bearer {token(aud='others')}")], 401, "wrong_audience"),
    ]

    async def main() -> None:
        transport = httpx.ASGITransport(app=app)
        async with _lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            for scheme in ("Bearer", "bearer"):
                answer = await client.get("/orders", headers={"authorization": f"{scheme} {token('bob')}"})
                assert (answer.status_code, answer.text) == (200, "bob")
            assert (await client.get("/health")).text == "nobody"
            for path in ("/health/", "/Health", "//health", "/health/../orders"):
                assert (await client.get(path)).status_code == 401
            for headers, status, reason in refused:
                answer = await client.get("/orders", headers=headers)
                assert (answer.status_code, answer.json()["error"]) == (status, reason)
                assert (status == 401) is answer.headers.get("www-authenticate", "").startswith('Bearer realm="api"')
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            with pytest.raises(ClosedError):
                await client.get("/orders", headers={"authorization": f"Bearer {token()}"})

    asyncio.run(main())


def test_asgi_without_lifespan() -> None:
    """An application that knows no lifespan, such as Django's, has one all the same; one that fails does not start."""

    async def plain(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError("HTTP alone")
        await _whoami(scope, receive, send)

    async def failing(_scope: Message, receive: Receive, _send: Send) -> None:
        await receive()
        raise ValueError("no database")

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_message: Message) -> None:
        pytest.fail("it has not started")

    async def main() -> None:
        app = AuthenticationMiddleware(plain, Authenticator(settings()))
        transport = httpx.ASGITransport(app=app)
        async with _lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            answer = await client.get("/orders", headers={"authorization": f"Bearer {token('bob')}"})
            assert (answer.status_code, answer.text) == (200, "bob")
            assert (await client.get("/orders")).status_code == 401
        with pytest.raises(ValueError, match="no database"):
            await AuthenticationMiddleware(failing, Authenticator(settings()))({"type": "lifespan"}, receive, send)

    asyncio.run(main())


@pytest.mark.parametrize("good", [True, False])
def test_websocket(*, good: bool) -> None:
    """A WebSocket is accepted by the application alone, with a good token."""
    sent: list[Message] = []

    async def application(scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "subject": scope["identity"].subject})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def main() -> None:
        async with Authenticator(settings()) as authenticator:
            headers = [(b"authorization", b"Bearer " + token().encode())] if good else []
            scope = {"type": "websocket", "path": "/feed", "headers": headers}
            await AuthenticationMiddleware(application, authenticator, public=["/feed"])(scope, receive, send)

    asyncio.run(main())
    accepted, closed = {"type": "websocket.accept", "subject": "alice"}, {"type": "websocket.close", "code": 1008}
    assert sent == [accepted if good else closed]


class _Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg] # at run time it takes none
    """Answers calls of every kind with who calls."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        async def one(_request: object, _context: object) -> bytes:
            await asyncio.sleep(0)
            found = IDENTITY.get(None)
            return b"nobody" if found is None else (found.subject or "").encode()

        async def many(request: object, context: object) -> AsyncIterator[bytes]:
            yield await one(request, context)

        return {
            "/t/uu": grpc.unary_unary_rpc_method_handler(one),
            "/t/su": grpc.stream_unary_rpc_method_handler(one),
            "/t/us": grpc.unary_stream_rpc_method_handler(many),
            "/t/ss": grpc.stream_stream_rpc_method_handler(many),
            "/t/open": grpc.unary_unary_rpc_method_handler(one),
        }.get(handler_call_details.method)


async def _call(channel: Any, kind: str, *metadata: tuple[str, str]) -> bytes:  # noqa: ANN401 - untyped calls
    if kind in {"uu", "open", "none"}:
        return bytes(await channel.unary_unary(f"/t/{kind}")(b"", metadata=metadata))
    if kind == "su":
        return bytes(await channel.stream_unary("/t/su")(iter([b""]), metadata=metadata))
    maker = channel.unary_stream if kind == "us" else channel.stream_stream
    call = maker(f"/t/{kind}")(b"" if kind == "us" else iter([b""]), metadata=metadata)
    return b"".join([bytes(answer) async for answer in call])


async def _failure(channel: Any, kind: str, *metadata: tuple[str, str]) -> tuple[grpc.StatusCode, str]:  # noqa: ANN401
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await _call(channel, kind, *metadata)
    return error.value.code(), error.value.details() or ""


def test_grpc() -> None:
    """Calls of every kind are served with a good token alone, each as its own caller; public ones without."""

    def bearer(text: str) -> tuple[str, str]:
        return "authorization", f"Bearer {text}"

    async def main() -> None:
        async with Authenticator(settings()) as authenticator:
            server = grpc.aio.server(interceptors=[AuthenticationInterceptor(authenticator, public=["/t/open"])])
            server.add_generic_rpc_handlers((_Echo(),))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                bad, unauthenticated = token(key=pair(owner="stranger")), grpc.StatusCode.UNAUTHENTICATED
                for kind in ("uu", "su", "us", "ss"):
                    assert await _call(channel, kind, bearer(token("bob"))) == b"bob"
                    assert (await _failure(channel, kind))[0] is unauthenticated
                    code, text = await _failure(channel, kind, bearer(bad))
                    assert (code, text.partition(":")[0]) == (unauthenticated, "bad_signature")
                several = await _failure(channel, "uu", bearer(token()), bearer(token("bob")))
                assert several[0] is grpc.StatusCode.INVALID_ARGUMENT
                assert (await _failure(channel, "none"))[0] is unauthenticated
                assert (await _failure(channel, "none", bearer(token())))[0] is grpc.StatusCode.UNIMPLEMENTED
                names = [f"c{number}" for number in range(20)]
                calls = (_call(channel, "uu", bearer(token(name))) for name in names)
                assert await asyncio.gather(*calls) == [name.encode() for name in names]
                assert await _call(channel, "open") == b"nobody"
            await server.stop(None)

    asyncio.run(main())


def test_grpc_interceptors_behind_it() -> None:
    """Interceptors behind it see those alone who are let in, and know who it is; for nobody else's message it waits."""
    seen: list[str | None] = []

    class Behind(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # at run time it takes none
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401
            found = IDENTITY.get(None)
            seen.append(None if found is None else found.subject)
            return await continuation(handler_call_details)

    async def main() -> None:
        async with Authenticator(settings()) as authenticator:
            first = AuthenticationInterceptor(authenticator, public=["/t/open"])
            server = grpc.aio.server(interceptors=[first, Behind()])
            server.add_generic_rpc_handlers((_Echo(),))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                assert await _call(channel, "uu", ("authorization", f"Bearer {token('bob')}")) == b"bob"
                for kind in ("uu", "su", "us", "ss", "none"):
                    assert (await _failure(channel, kind))[0] is grpc.StatusCode.UNAUTHENTICATED
                assert await _call(channel, "open") == b"nobody"
                assert seen == ["bob", None]
                untyped: Any = channel
                silent = untyped.stream_unary("/t/uu")(timeout=20)  # no message ever comes
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await silent
                assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
            await server.stop(None)

    asyncio.run(main())


def test_they_are_short() -> None:
    """They are to be read and copied."""
    for name in ("asgi_middleware.py", "grpc_interceptor.py"):
        assert len((_FOLDER / name).read_text("utf-8").splitlines()) < 90
