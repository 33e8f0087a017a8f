"""Drives checks to their end. Whatever goes wrong ends in a denial with a reason, never in an exception.

```
front ─ bytes ─> Engine.begin ─> core.begin ─┬─────────────────────────────────> bytes ─> front
                                             └> Needs ─> Services ─> resume ─┘
```
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import assert_never

from sidecar.core import response
from sidecar.core.assertion import Minted, Statement
from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.hooked import HookAnswer, HookAnswers, HookResult
from sidecar.core.needs import (
    AskHooks,
    Decided,
    Introspect,
    Introspected,
    Mint,
    Needs,
    RefetchKeys,
    Step,
    Verdict,
    Verify,
)
from sidecar.core.reason import Reason

#: Told how each check ended, after how many seconds, what was asked, and whether it had to wait for anything. Raises
#: nothing: it would be the answer that is lost.
Observer = Callable[[Decided, float, bytes, bool], None]

_log = logging.getLogger(__name__)

#: Needs in turn, beginnings anew under another Trust included. A Trust that changes faster than checks end is a fault.
_MAX_NEEDS = 16


class OverloadError(Exception):
    """A service that has no time for this need. The check is shed: 503 with ``Retry-After``."""


async def _nobody_answers(need: Introspect) -> Introspected:
    return Introspected(need.token_digest, need.trust_digest, None)


async def mints_nothing(_: Statement) -> None:
    """Sign nothing, as where no configuration asks for it."""


@dataclass(slots=True)
class _UnderWay:
    """A check, and what it waits for."""

    step: Step
    answers: Awaitable[HookAnswers] | None = None  #: those that it waits for, where it waits for hooks already

    @property
    def late(self) -> Reason:
        """Say why it ends where its deadline comes now."""
        return Reason.ASSERTION_UNAVAILABLE if isinstance(self.step, Mint) else Reason.DEADLINE_EXCEEDED


def ask_nobody(need: AskHooks) -> HookAnswers:
    """Say that a hook failed, as where no configuration has any."""
    text = "hooks are not asked here"
    return HookAnswers(need.trust_digest, (HookAnswer(need.hooks[0].name, HookResult.FAILED, text),))


async def _fetch_nothing(_need: RefetchKeys) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Services:
    """What the engine can do for a check that needs something; one field a member of ``Needs``."""

    verify: Callable[[Verify], Awaitable[Verdict]]
    mint: Callable[[Statement], Awaitable[Minted | None]] = mints_nothing  #: ``None``: it could not be signed
    introspect: Callable[[Introspect], Awaitable[Introspected]] = _nobody_answers
    refetch: Callable[[RefetchKeys], Awaitable[None]] = _fetch_nothing
    ask: Callable[[AskHooks], HookAnswers | Awaitable[HookAnswers]] = ask_nobody  #: at once, where nobody waits


class Engine:
    """Answers ``CheckRequest`` bytes with ``CheckResponse`` bytes; shared by every front.

    ``clock`` returns seconds since the epoch. ``realm`` returns the one for the denials the engine itself makes.
    ``observe`` is told of every check but those whose caller went away.
    """

    def __init__(
        self,
        checker: Checker,
        services: Services,
        clock: Callable[[], float],
        realm: Callable[[], str],
        observe: Observer = lambda _decided, _seconds, _request, _waited: None,
    ) -> None:
        self._checker = checker
        self._services = services
        self._clock = clock
        self._realm = realm
        self._observe = observe

    def begin(self, request: bytes, timeout: float | None = None) -> bytes | Awaitable[bytes]:
        """Check one request: return the answer, or what will return it where the check needs something first.

        ``timeout`` is what is left of the caller's deadline, in seconds (``None``: no deadline). A front hands it over
        as a number because the denial that ends it must be made here: were it to cancel from outside, Envoy would see a
        gRPC error. It ends waits alone: calculation is bounded in the core instead (docs/decisions/0004).

        Raises nothing; what it returns raises nothing but the ``asyncio.CancelledError`` of a caller that went away.
        Almost every check is decided at once: a task for it would cost more than the check.
        """
        began = perf_counter()
        if timeout is not None and timeout <= 0:
            # Nobody waits for the answer any more: under overload the time is better spent on those who do.
            step: Step = self._fail(Reason.DEADLINE_EXCEEDED, request)
        else:
            try:
                step = self._checker.begin(request, self._clock())
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - a panic of a native library is no Exception; the caller is denied
                step = self._fail_internally(request)
        if isinstance(step, Decided):
            self._observe(step, perf_counter() - began, request, False)  # noqa: FBT003 - a fact
            return step.response
        check = self._asked_safely(step, request) if isinstance(step, AskHooks) else _UnderWay(step)
        if isinstance(check.step, Decided):
            self._observe(check.step, perf_counter() - began, request, False)  # noqa: FBT003 - a fact
            return check.step.response
        return self._go_on(check, request, timeout, began)

    def _asked_safely(self, step: AskHooks, request: bytes) -> _UnderWay:
        try:
            return self._asked_at_once(step)
        except OverloadError:
            return _UnderWay(self._fail(Reason.OVERLOADED, request))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - as above
            return _UnderWay(self._fail_internally(request))

    def _asked_at_once(self, step: AskHooks) -> _UnderWay:
        """Go on with the answers of hooks that nobody has to wait for: a task would cost more than those."""
        for _ in range(_MAX_NEEDS):
            answers = self._services.ask(step)
            if not isinstance(answers, HookAnswers):
                return _UnderWay(step, answers)
            found = step.resume(answers, self._clock())
            if not isinstance(found, AskHooks):
                return _UnderWay(found)
            step = found
        return _UnderWay(step)

    def too_large(self) -> bytes:
        """Return the answer to a request that the front does not take for its size. Raises nothing.

        A front's own refusal would be a gRPC error, which lets in under failure_mode_allow (docs/decisions/0004).
        """
        return self._unread(Reason.REQUEST_TOO_LARGE)

    def not_for_caller(self) -> bytes:
        """Return the answer to whoever may not ask, by what the front knows of it. Raises nothing; as above."""
        return self._unread(Reason.CALLER_NOT_ALLOWED)

    def header_not_allowed(self) -> bytes:
        """Return the answer to a request with a header that the front knows nobody to take off. Raises nothing."""
        return self._unread(Reason.HEADER_NOT_ALLOWED)

    def _unread(self, reason: Reason) -> bytes:
        step = self._fail(reason, b"")
        self._observe(step, 0.0, b"", False)  # noqa: FBT003 - a fact
        return step.response

    async def check(self, request: bytes, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - see begin
        """Do as ``begin``, to the end."""
        answer = self.begin(request, timeout)
        return answer if isinstance(answer, bytes) else await answer

    async def decide(self, request: bytes, timeout: float | None = None) -> Decided:  # noqa: ASYNC109 - see begin
        """Do as ``check``, and return the decision: for who has no Envoy to answer."""
        began = perf_counter()
        if timeout is not None and timeout <= 0:
            step: Step = self._fail(Reason.DEADLINE_EXCEEDED, request)
        else:
            try:
                step = self._checker.begin(request, self._clock())
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - as in begin
                step = self._fail_internally(request)
        waits = not isinstance(step, Decided)
        decided = step if isinstance(step, Decided) else await self._finish_safely(_UnderWay(step), request, timeout)
        self._observe(decided, perf_counter() - began, request, waits)
        return decided

    async def _go_on(self, check: _UnderWay, request: bytes, timeout: float | None, began: float) -> bytes:  # noqa: ASYNC109 - see begin
        left = None if timeout is None else timeout - (perf_counter() - began)
        decided = await self._finish_safely(check, request, left)
        self._observe(decided, perf_counter() - began, request, True)  # noqa: FBT003 - a fact
        return decided.response

    async def _finish_safely(self, check: _UnderWay, request: bytes, timeout: float | None) -> Decided:  # noqa: ASYNC109 - see begin
        try:
            return await self._finish_in_time(check, request, timeout)
        except OverloadError:
            return self._fail(Reason.OVERLOADED, request)
        except asyncio.CancelledError:
            if _is_cancelled_from_outside():
                raise
            # A service gave up on its own, as a pool that is restarted does.
            return self._fail_internally(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - a panic of a native library is no Exception; the caller is denied
            return self._fail_internally(request)

    async def _finish_in_time(self, check: _UnderWay, request: bytes, timeout: float | None) -> Decided:  # noqa: ASYNC109 - see begin
        try:
            async with asyncio.timeout(timeout) as deadline:
                return await self._finish(check)
        except TimeoutError:
            if not deadline.expired():
                raise  # a service's own, which is a fault and no slowness of the caller's making
            return self._fail(check.late, request)

    async def _finish(self, check: _UnderWay) -> Decided:
        for _ in range(_MAX_NEEDS):
            if isinstance(check.step, Decided):
                return check.step
            answers, check.answers = check.answers, None
            check.step = await self._provide(check.step, answers)
        raise RuntimeError(f"a check that needs more than {_MAX_NEEDS} things")

    async def _provide(self, need: Needs, answers: HookAnswers | Awaitable[HookAnswers] | None) -> Step:
        match need:
            case AskHooks():
                answers = self._services.ask(need) if answers is None else answers
                if not isinstance(answers, HookAnswers):
                    answers = await answers
                return need.resume(answers, self._clock())
            case Verify():
                verdict = await self._services.verify(need)
                return need.resume(verdict, self._clock())
            case Introspect():
                answer = await self._services.introspect(need)
                return need.resume(answer, self._clock())
            case Mint():
                minted = await self._services.mint(need.statement)
                return need.resume(minted, self._clock())
            case RefetchKeys():
                try:
                    await self._services.refetch(need)
                except asyncio.CancelledError:
                    # The deadline, or a caller that went away: made-up keys are counted in either case.
                    need.give_up()
                    raise
                return need.resume(self._clock())
            case _:
                assert_never(need)

    def _fail_internally(self, request: bytes) -> Decided:
        # The client gets this id alone; the log has it beside the traceback.
        correlation = secrets.token_hex(8)
        _log.exception("check failed, denied; correlation id %s", correlation)
        return self._fail(Reason.INTERNAL_ERROR, request, correlation)

    def _fail(self, reason: Reason, request: bytes, correlation: str = "") -> Decided:
        denial = Denial(reason)
        try:
            passed = self._checker.unenforced(request, denial)
        except Exception:  # noqa: BLE001 - what failed may fail once more; the caller is denied
            passed = None
            _log.exception("a request could not be let pass in dry run, denied")
        return passed or Decided(denial, response.deny(denial, correlation, self._realm()))


def _is_cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
