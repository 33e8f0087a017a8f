"""ASGI middleware: only who has a good token reaches the application, which finds them in ``scope["identity"]``.

    app = AuthenticationMiddleware(app, Authenticator.from_oidc("https://id.example", audience="orders"))

For FastAPI and Starlette: ``app.add_middleware(AuthenticationMiddleware, authenticator=…)``, then
``request.scope["identity"].subject``. It opens the authenticator with the application and closes it with that
(ASGI's lifespan); where a server does without lifespan, await ``aopen()`` yourself: until then every request fails.
"""

import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from sidecar import Authenticator, Reason, Refused

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class AuthenticationMiddleware:
    """``public`` are paths that need no token, each exactly as it stands in ``scope["path"]``."""

    def __init__(self, app: App, authenticator: Authenticator, public: Collection[str] = ()) -> None:
        self._app, self._authenticator, self._public = app, authenticator, frozenset(public)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with self._authenticator:
                await self._live(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] in self._public:
            await self._app({**scope, "identity": None}, receive, send)
            return
        token = _token(scope["headers"])
        # Pass client=scope["client"][0] where clients connect to this server themselves, and not a proxy for all.
        result = token if isinstance(token, Refused) else await self._authenticator.authenticate(token)
        if result.ok:
            await self._app({**scope, "identity": result}, receive, send)
        elif scope["type"] == "http":
            await _refuse(result, send)
        else:  # a WebSocket that is closed before it is accepted is answered with 403
            await send({"type": "websocket.close", "code": 1008})

    async def _live(self, scope: Message, receive: Receive, send: Send) -> None:
        heard: list[Message] = []

        async def watched() -> Message:
            heard.append(await receive())
            return heard[-1]

        try:
            await self._app(scope, watched, send)
        except Exception:
            if heard:
                raise
        if not heard:  # Django's, for one, raises: then the authenticator alone has a life
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})


def _token(headers: Collection[tuple[bytes, bytes]]) -> bytes | Refused | None:
    found = [value for name, value in headers if name == b"authorization"]
    if len(found) > 1:
        return Refused(Reason.SEVERAL_CREDENTIALS)
    scheme, _, token = found[0].partition(b" ") if found else (b"", b"", b"")
    return token if scheme.lower() == b"bearer" else None


async def _refuse(refused: Refused, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    if refused.status == 401:  # noqa: PLR2004 - HTTP
        error = f', error="{refused.error}"' if refused.error else ""
        headers.append((b"www-authenticate", f'Bearer realm="api"{error}'.encode()))
    if refused.status == 503:  # noqa: PLR2004 - HTTP
        headers.append((b"retry-after", b"1"))
    body = json.dumps({"error": refused.reason.value, "message": refused.message}).encode()
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
