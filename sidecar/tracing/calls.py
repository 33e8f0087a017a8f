"""Which calls are traced: what stands in their metadata decides, then the client's header, then chance.

```
metadata (Envoy's own span) ──sampled──────────────> traced, as its child
   │ none                    └─not sampled─> as any other call
   └> the request's own header (if it counts) ─┬─> the same two
         │ none                                │
         └> chance ──> traced, as a trace of its own
```
However many are to be traced, so many a second are at the most (``pace``): the flag is anybody's to set, where clients'
headers count and where Envoy goes on with a trace that a client names.

Envoy names its span for the check in the call's metadata. What is in the request is what the client sent: the parent of
Envoy's span, if Envoy traces at all.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from time import time_ns

from sidecar.core.reason import Refusal
from sidecar.core.sent import read_sent
from sidecar.tracing import recording
from sidecar.tracing.context import TRACEPARENT, TraceContext, context_of, read_context
from sidecar.tracing.pace import Pace
from sidecar.tracing.recording import Recording

#: A message, and the seconds for it, to the answer, as ``Engine.begin`` has it.
Answer = Callable[[bytes, float | None], bytes | Awaitable[bytes]]
#: What stands in every request that has such a header; and, anybody may write it, in others.
_MARK = TRACEPARENT.encode()


class CallTracer:
    """Says how a call is answered, by the values of ``traceparent`` and ``tracestate`` in its metadata.

    ``answer`` answers checks. ``ratio``: of checks in no trace, so many are traced. ``believes_requests``: whether a
    request's own header counts. ``pace``: how many are traced at the most. ``chance`` returns numbers from 0 up to 1.
    """

    def __init__(
        self,
        answer: Answer,
        ratio: float,
        pace: Pace,
        *,
        believes_requests: bool,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._answer = answer
        self._ratio, self._chance, self._pace = ratio, chance, pace
        self._believes_requests = believes_requests

    def __call__(self, traceparents: Sequence[str], tracestates: Sequence[str] = ()) -> Answer | None:
        """Return what answers such a call; ``None``: what answers any other."""
        named = read_context(traceparents, tracestates)
        if named is None:
            return self._unnamed
        return self._under(named) if named.sampled else None

    def _unnamed(self, message: bytes, seconds: float | None) -> bytes | Awaitable[bytes]:
        """Answer a call whose metadata name no trace."""
        # Cheap and not the truth: the bytes may stand anywhere.
        named = _context_in(message) if self._believes_requests and _MARK in message else None
        is_traced = self._chance() < self._ratio if named is None else named.sampled
        return self._recorded(named, message, seconds) if is_traced else self._answer(message, seconds)

    def _under(self, named: TraceContext) -> Answer:
        return lambda message, seconds: self._recorded(named, message, seconds)

    def _recorded(self, parent: TraceContext | None, message: bytes, seconds: float | None) -> bytes | Awaitable[bytes]:
        if not self._pace.take():
            return self._answer(message, seconds)
        before = recording.begin(Recording(parent, time_ns()))
        try:
            answer = self._answer(message, seconds)
            # The task takes the recording along.
            return answer if isinstance(answer, bytes) else asyncio.ensure_future(answer)
        finally:
            recording.end(before)


def _context_in(message: bytes) -> TraceContext | None:
    try:
        return context_of(read_sent(message).headers)
    except Refusal:
        return None
