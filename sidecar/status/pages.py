"""The pages at the administration: what there is, and what each answers.

    GET /status             the page
    GET /status/live        the same figures as JSON, for the page's script
    GET /status/why?denial= one of the last denials, explained
    GET /status/page.css, /status/page.js

Whatever is made is made in a thread, one at a time: the loop has Kubernetes' probes to answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from sidecar.core.trust import Trust
from sidecar.http.message import JSON, Answer, Call, Page, Rejection, document
from sidecar.report.model import Report
from sidecar.status.denials import Denial
from sidecar.status.headers import HEADERS

_HTML = "text/html; charset=utf-8"
_ASSETS = {"/status/page.css": "text/css; charset=utf-8", "/status/page.js": "text/javascript; charset=utf-8"}
_STATUS, _LIVE, _WHY = "/status", "/status/live", "/status/why"
#: All there are, and what type each is of, for whoever hands them on.
KINDS: Mapping[str, str] = {_STATUS: _HTML, _LIVE: JSON, _WHY: _HTML, **_ASSETS}
#: Explanations that may be under way, with the one that is being made.
_UNDER_WAY = 4


class StatusPages:
    """All of them. Called on the event loop, ``report`` and ``trust`` tell what is so now.

    ``denials``: the last ones, the newest first; ``None``: they are not kept.
    """

    def __init__(
        self,
        report: Callable[[], Awaitable[Report]],
        denials: Callable[[], Sequence[Denial] | None],
        trust: Callable[[], Trust],
    ) -> None:
        self._report, self._denials, self._trust = report, denials, trust
        self._one_at_a_time = asyncio.Lock()
        self._under_way = 0

    def pages(self) -> Mapping[str, Page]:
        """Return them by their path."""
        assets = {path: _asset(path, kind) for path, kind in _ASSETS.items()}
        return {_STATUS: self._status, _LIVE: self._live, _WHY: self._why, **assets}

    async def _status(self, _: Call) -> Answer:
        report, denials = await self._report(), self._denials()

        def made() -> Answer:
            # Jinja2 for who looks at the page alone: 60 ms, once.
            from sidecar.status.page import page  # noqa: PLC0415
            from sidecar.status.sections import view_of  # noqa: PLC0415

            return _html(page(view_of(report, denials)))

        return await self._in_thread(made)

    async def _live(self, _: Call) -> Answer:
        report, denials = await self._report(), self._denials()

        def made() -> Answer:
            from sidecar.status.live import live  # noqa: PLC0415 - as above
            from sidecar.status.sections import view_of  # noqa: PLC0415

            found = document(200, live(view_of(report, denials)))
            return Answer(found.status, found.body, found.content_type, HEADERS)

        return await self._in_thread(made)

    async def _why(self, call: Call) -> Answer:
        name = dict(parse_qsl(call.query)).get("denial", "")
        denial = next((one for one in self._denials() or () if one.name == name), None)
        if denial is None:
            raise Rejection(404, "no such denial is remembered: newer ones have taken its place", HEADERS)
        if self._under_way >= _UNDER_WAY:
            raise Rejection(429, "too many at once", (*HEADERS, ("retry-after", "1")))
        trust = self._trust()

        def made() -> Answer:
            from sidecar.status.page import why_page  # noqa: PLC0415 - as above
            from sidecar.status.why import why  # noqa: PLC0415 - the same

            return _html(why_page(why(denial, trust)))

        self._under_way += 1
        try:
            return await self._in_thread(made)
        finally:
            self._under_way -= 1

    async def _in_thread(self, made: Callable[[], Answer]) -> Answer:
        async with self._one_at_a_time:
            return await asyncio.to_thread(made)


def _html(body: bytes) -> Answer:
    return Answer(200, body, _HTML, HEADERS)


def _asset(path: str, kind: str) -> Callable[[Call], Awaitable[Answer]]:
    body = (Path(__file__).parent / "assets" / path.rpartition("/")[2]).read_bytes()

    async def answer(_: Call) -> Answer:
        return Answer(200, body, kind, HEADERS)

    return answer
