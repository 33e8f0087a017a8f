"""What a front is told by who traces calls. Which trace one belongs to stands in its metadata (W3C Trace Context)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

#: A message, and the seconds that there are for it (``None``: no limit), to the answer: at once, or to be awaited.
Answer = Callable[[bytes, float | None], bytes | Awaitable[bytes]]
#: From a call's values of ``traceparent`` and ``tracestate`` to what answers it; ``None``: what answers all others.
CallTracer = Callable[[Sequence[str], Sequence[str]], Answer | None]

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
