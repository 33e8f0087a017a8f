"""The administration's pages: first the guard, then the route, then the body.

Whoever may not pass the guard learns nothing of which routes there are. Pages that browsers may show are no secret: the
guard tells a browser from who asks for one of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from sidecar.http.facts import Configuration
from sidecar.http.guard import Guard
from sidecar.http.message import JSON, Answer, Call, Page, Rejection, document
from sidecar.observe.masking import masked


@dataclass(frozen=True, slots=True)
class Route:
    """Something an operator may ask for: GET (and with it HEAD) to look, POST to act.

    ``handle`` is given the body, empty for GET, and may raise ``Rejection``. What it began it may end, even if the
    caller does not wait for it.
    """

    method: Literal["GET", "POST"]
    path: str
    handle: Callable[[bytes], Awaitable[Answer]]


def configuration_route(configuration: Configuration) -> Route:
    """Return the route that shows the running configuration, masked."""

    async def show(_: bytes) -> Answer:
        return document(200, masked(configuration()))

    return Route("GET", "/config", show)


def admin_page(guard: Guard, routes: Iterable[Route], pages: Mapping[str, Page] = MappingProxyType({})) -> Page:
    """Return the page that answers for all of the admin listener; ``ValueError`` where two routes are the same.

    ``pages``, by their path, are what a browser may show as well: to be looked at (GET, HEAD), without a body.
    """
    table: dict[str, dict[str, Route]] = {}
    for route in routes:
        if route.method in table.setdefault(route.path, {}) or route.path in pages:
            raise ValueError(f"two routes for {route.method} {route.path}")
        table[route.path][route.method] = route

    async def answer(call: Call) -> Answer:
        page = pages.get(call.path)
        guard.check(call, for_browsers=page is not None)
        if page is not None:
            if call.method not in ("GET", "HEAD"):
                raise Rejection(405, "method not allowed", (("allow", "GET, HEAD"),))
            return await page(call)
        methods = table.get(call.path)
        if methods is None:
            raise Rejection(404, "not found")
        route = methods.get("GET" if call.method == "HEAD" else call.method)
        if route is None:
            raise Rejection(405, "method not allowed", (("allow", _allowed(methods)),))
        return await route.handle(await _body(call) if route.method == "POST" else b"")

    return answer


def _allowed(methods: Iterable[str]) -> str:
    return ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))


async def _body(call: Call) -> bytes:
    body = await call.read()
    kinds = [kind.partition(";")[0].strip().lower() for kind in call.values("content-type")]
    if body and kinds != [JSON]:
        # No form of a browser can send this without asking first, should one ever get past the guard.
        raise Rejection(415, f"the body must be {JSON}")
    return body
