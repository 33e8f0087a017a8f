"""Needs in, answers out: one question for each token at a time, however many checks want its answer.

A check that its deadline ends leaves the question to be answered all the same. Should nobody be waiting any more when
the answer comes, it is kept for a moment: the client that tries again finds it, instead of asking a slow endpoint again
and again in vain.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.introspection import Introspection
from sidecar.core.needs import Introspect, Introspected
from sidecar.engine.engine import OverloadError
from sidecar.introspection.endpoint import Endpoint
from sidecar.introspection.result import Result
from sidecar.introspection.session import SessionFactory, guarded_session

#: Seconds that an answer is kept which nobody waited for.
KEPT_SECONDS = 5.0
#: Answers that are kept so.
_MOST_KEPT = 256
#: Endpoints that are remembered: those of the configuration, and of a few before it.
_MOST_ENDPOINTS = 64

_Key = tuple[bytes, bytes]


@dataclass(slots=True)
class _Question:
    task: "asyncio.Task[bytes | None]"
    waiting: int = 0


class Introspector:
    """Asks for one event loop. ``folder`` is where the files of the configuration are."""

    def __init__(
        self,
        folder: Path,
        observe: Callable[[Result], None] = lambda _result: None,
        sessions: SessionFactory = guarded_session,
    ) -> None:
        self._folder = folder
        self._observe = observe
        self._sessions = sessions
        self._endpoints: dict[bytes, Endpoint] = {}
        self._questions: dict[_Key, _Question] = {}
        self._in_flight: dict[bytes, int] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def introspect(self, need: Introspect) -> Introspected:
        """Answer ``need``; raises ``OverloadError`` where too many questions are under way."""
        key = need.introspection.digest, need.token
        question = self._questions.get(key)
        if question is None:
            question = self._ask(key, need.introspection)
        question.waiting += 1
        try:
            body = await asyncio.shield(question.task)
        finally:
            question.waiting -= 1
            if question.task.done():
                self._questions.pop(key, None)
        return Introspected(need.token_digest, need.trust_digest, body)

    async def close(self) -> None:
        """End what is under way, and close all connections."""
        tasks = [question.task for question in self._questions.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._closing, return_exceptions=True)
        self._questions.clear()
        for endpoint in self._endpoints.values():
            await endpoint.close()
        self._endpoints.clear()

    def _ask(self, key: _Key, introspection: Introspection) -> _Question:
        if self._in_flight.get(key[0], 0) >= introspection.max_in_flight:
            raise OverloadError
        self._in_flight[key[0]] = self._in_flight.get(key[0], 0) + 1
        task = asyncio.get_running_loop().create_task(self._endpoint(introspection).ask(key[1]))
        question = self._questions[key] = _Question(task)
        task.add_done_callback(lambda _: self._answered(key, question))
        return question

    def _answered(self, key: _Key, question: _Question) -> None:
        self._in_flight[key[0]] -= 1
        if not self._in_flight[key[0]]:
            del self._in_flight[key[0]]
        if question.waiting:
            return
        useless = question.task.cancelled() or question.task.exception() is not None or question.task.result() is None
        if useless or len(self._questions) > _MOST_KEPT:
            self._forget(key, question)
        else:
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, key, question)

    def _forget(self, key: _Key, question: _Question) -> None:
        if self._questions.get(key) is question:
            del self._questions[key]

    def _endpoint(self, introspection: Introspection) -> Endpoint:
        found = self._endpoints.get(introspection.digest)
        if found is None:
            if len(self._endpoints) >= _MOST_ENDPOINTS:
                oldest = self._endpoints.pop(next(iter(self._endpoints)))
                closing = asyncio.get_running_loop().create_task(oldest.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
            found = self._endpoints[introspection.digest] = Endpoint(
                introspection, self._folder, self._sessions, self._observe
            )
        return found
