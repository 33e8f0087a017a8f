"""A server's way of having keys fetched: one question an issuer, however many checks wait for its answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.core.needs import RefetchKeys
from sidecar.engine.engine import OverloadError

#: Checks of one server that wait for one issuer's keys at once; more are shed.
MOST_WAITING = 1024
#: Seconds after which a question without an answer counts as lost: whoever was asked may have been killed.
LOST_SECONDS = 15.0
#: Seconds until the same is asked again at the soonest, whatever the answer says.
LEAST_PAUSE = 0.1


@dataclass(slots=True)
class _Question:
    asked_at: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0


class Refetching:
    """For one event loop. ``ask`` has the keys of an issuer fetched, by its configuration's digest; it must not wait.

    What comes back is told to ``answered``. That an answer is on its way, or was given a moment ago, is known here, so
    that tokens with made-up keys cost no message each.
    """

    def __init__(self, ask: Callable[[bytes], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._open: dict[str, _Question] = {}
        self._not_before: dict[str, float] = {}
        self._names: dict[bytes, str] = {}

    def worthwhile(self, issuer: str) -> bool:
        """Say whether to wait for the keys of ``issuer``: they are being fetched, or may be fetched again."""
        return issuer in self._open or self._clock() >= self._not_before.get(issuer, 0.0)

    async def refetch(self, need: RefetchKeys) -> None:
        """Wait for the keys of an issuer, ``need.wait`` seconds at most; raises ``OverloadError`` where too many do."""
        question = self._question(need)
        if question.waiting >= MOST_WAITING:
            raise OverloadError
        question.waiting += 1
        try:
            async with asyncio.timeout(need.wait):
                await question.answered.wait()
        except TimeoutError:
            return  # what there is by now is looked at all the same
        finally:
            question.waiting -= 1

    def answered(self, issuer_digest: bytes, pause: float) -> None:
        """Take an answer: what there was to fetch was fetched; not to be asked again for ``pause`` seconds."""
        issuer = self._names.pop(issuer_digest, None)
        if issuer is None:
            return
        self._not_before[issuer] = self._clock() + max(pause, LEAST_PAUSE)
        question = self._open.pop(issuer, None)
        if question is not None:
            question.answered.set()

    def changed(self) -> None:
        """Have all who wait look again: there is another Trust. Where that does not help them, they wait on."""
        for issuer, question in self._open.items():
            self._open[issuer] = _Question(question.asked_at)
            question.answered.set()

    def _question(self, need: RefetchKeys) -> _Question:
        found, now = self._open.get(need.issuer), self._clock()
        if found is not None and now - found.asked_at < LOST_SECONDS:
            return found
        question = _Question(now)
        if found is not None:
            found.answered.set()
        self._open[need.issuer] = question
        # By a digest that may be another one after a reload; then the old one is not answered any more.
        self._names = {digest: name for digest, name in self._names.items() if name != need.issuer}
        self._names[need.issuer_digest] = need.issuer
        self._ask(need.issuer_digest)
        return question
