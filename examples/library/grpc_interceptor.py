"""An interceptor for grpcio's asyncio server: only who has a good token is served; ``IDENTITY.get()`` says who.

    async with Authenticator.from_oidc("https://id.example", audience="orders") as authenticator:
        server = grpc.aio.server(interceptors=[AuthenticationInterceptor(authenticator)])

Open the authenticator in the server's own event loop, as above.
"""

from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc
import grpc.aio

from sidecar import Authenticated, Authenticator, Reason, Refused

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

#: Who calls, in an ``async def`` handler and whatever it awaits; others are run in threads, which do not have it.
IDENTITY: ContextVar[Authenticated] = ContextVar("identity")

_CODES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    503: grpc.StatusCode.UNAVAILABLE,
}


class AuthenticationInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # at run time it takes none
    """``public`` are methods that need no token, such as ``/grpc.health.v1.Health/Check``."""

    def __init__(self, authenticator: Authenticator, public: Collection[str] = ()) -> None:
        self._authenticator, self._public = authenticator, frozenset(public)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        if handler_call_details.method in self._public:
            return await continuation(handler_call_details)
        token = _token(handler_call_details.invocation_metadata)
        result = token if isinstance(token, Refused) else await self._authenticator.authenticate(token)
        if not result.ok:
            return _refusing(result)
        # Before the interceptors behind this one: they have no business with anybody else, and may ask who it is.
        IDENTITY.set(result)
        return await continuation(handler_call_details)


def _token(metadata: Collection[tuple[str, str | bytes]]) -> str | Refused | None:
    found = [value for name, value in metadata if name == "authorization"]
    if len(found) > 1:
        return Refused(Reason.SEVERAL_CREDENTIALS)
    scheme, _, token = str(found[0]).partition(" ") if found else ("", "", "")
    return token if scheme.lower() == "bearer" else None


def _refusing(refused: Refused) -> Handler:
    async def refuse(_requests: object, context: "grpc.aio.ServicerContext[Any, Any]") -> None:
        code = _CODES.get(refused.status, grpc.StatusCode.INVALID_ARGUMENT)
        await context.abort(code, f"{refused.reason}: {refused.message}")

    # Whatever kind the method is, or whether there is one: as a stream no message of the caller's is waited for.
    handler: Handler = grpc.stream_stream_rpc_method_handler(refuse)
    return handler
