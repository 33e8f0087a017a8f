"""Drives checks to their end. Whatever goes wrong ends in a denial with a reason, never in an exception.

```
front ─ bytes ─> Engine.check ─> core.begin ─┬─────────────────────────────────> bytes ─> front
                                             └> Needs ─> Services ─> resume ─┘
```
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from sidecar.core import response
from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.needs import Decided, Needs, Step, Verdict, Verify
from sidecar.core.reason import Reason

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the engine can do for a check that needs something; one field a member of ``Needs``."""

    verify: Callable[[Verify], Awaitable[Verdict]]


class Engine:
    """Answers ``CheckRequest`` bytes with ``CheckResponse`` bytes; shared by every front.

    ``clock`` returns seconds since the epoch. ``realm`` is for the denials the engine itself makes.
    """

    def __init__(self, checker: Checker, services: Services, clock: Callable[[], float], realm: str) -> None:
        self._checker = checker
        self._services = services
        self._clock = clock
        self._realm = realm

    async def check(self, request: bytes, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - see docstring
        """Check one request. ``timeout`` is what is left of the caller's deadline, in seconds (``None``: no deadline).

        A front hands the deadline over as a number because the denial that ends it must be made here: were it to cancel
        from outside, Envoy would see a gRPC error. Raises nothing but ``asyncio.CancelledError``.
        """
        try:
            step = self._checker.begin(request, self._clock())
            if isinstance(step, Decided):
                return step.response
            async with asyncio.timeout(timeout):
                return await self._finish(step)
        except TimeoutError:
            return self._fail(Reason.DEADLINE_EXCEEDED, "")
        except Exception:  # noqa: BLE001 - whatever it is, the caller is denied
            return self._fail_internally()

    async def _finish(self, step: Step) -> bytes:
        while not isinstance(step, Decided):
            step = await self._provide(step)
        return step.response

    async def _provide(self, need: Needs) -> Step:
        match need:
            case Verify():
                verdict = await self._services.verify(need)
                return need.resume(verdict, self._clock())
            case _:
                assert_never(need)

    def _fail_internally(self) -> bytes:
        # The client gets this id alone; the log has it beside the traceback.
        correlation = secrets.token_hex(8)
        _log.exception("check failed, denied; correlation id %s", correlation)
        return self._fail(Reason.INTERNAL_ERROR, correlation)

    def _fail(self, reason: Reason, correlation: str) -> bytes:
        return response.deny(Denial(reason), correlation, self._realm)
