"""What ``instructions.py`` counts: so many cached checks, each answered: ``counted_checks.py WAY CHECKS``.

``core`` is the check alone, from Envoy's message to the decision with its response. ``native`` is all that a server
does for it but the socket: the HTTP/2 frames of a request in, those of its answer out, metrics counted. Every token is
remembered beforehand.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from hpack import Encoder

from sidecar.core.check import Checker
from sidecar.core.needs import Decided
from sidecar.engine.engine import Engine, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.runtime.serving.observing import observer_of
from sidecar.transport.native import frames
from sidecar.transport.native.calls import Calls
from sidecar.transport.native.frames import frame
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Unary
from sidecar.transport.service import SERVICE
from sidecar.verify.inline import verify_inline
from suite.given.rows import a_row
from suite.given.trust import NOW, a_key, make_trust, request, tokens

#: Requests that differ, each with a token of its own.
DIFFERENT = 50
_FIELDS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", f"/{SERVICE}/Check"),
    (":authority", "authz"),
    ("te", "trailers"),
    ("grpc-timeout", "200m"),
    ("content-type", "application/grpc"),
]
#: Enough for all answers, so that nobody has to ask for more.
_WINDOW = frame(frames.WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big"))


class _Nobody:
    """The outside, which a cached check does not ask."""

    def begin(self, stream_id: int, awaitable: Awaitable[bytes], seconds: float | None) -> None:
        raise AssertionError((stream_id, awaitable, seconds))

    def cancel(self, stream_id: int) -> None:
        raise AssertionError(stream_id)

    def holds_more(self) -> None:
        raise AssertionError

    def flush_soon(self) -> None:
        raise AssertionError


def calls(engine: Engine) -> tuple[Calls, Callable[[bytes], bytes]]:
    """Return a connection that was greeted, and what makes the bytes of its next call."""
    made = Calls(Limits(), {f"/{SERVICE}/Check".encode(): Unary(engine.begin)}, _Nobody(), 0.0)
    made.received(frames.PREFACE + frame(frames.SETTINGS, 0, 0, b"") + _WINDOW, 0.0)
    made.connection.out.clear()
    encoder, last = Encoder(), -1

    def call(message: bytes) -> bytes:
        nonlocal last
        last += 2
        head = frame(frames.HEADERS, frames.END_HEADERS, last, encoder.encode(_FIELDS))
        return head + frame(frames.DATA, frames.END_STREAM, last, b"\0" + len(message).to_bytes(4, "big") + message)

    return made, call


def run(way: str, rounds: int) -> None:
    """Check each request once, and then ``rounds`` times as is counted."""
    key, public = a_key()
    trust, requests = make_trust(public), [request(token) for token in tokens(key, DIFFERENT)]
    with ExitStack() as stack:
        checker = Checker(lambda: trust, recent=LocalCache(DIFFERENT))
        engine = Engine(checker, Services(verify_inline), lambda: NOW, lambda: "api", observer_of(a_row(stack)))
        for raw in requests:
            asyncio.run(engine.check(raw))
        connection, call = calls(engine)
        # As a server does, after its start.
        gc.collect()
        gc.freeze()
        if way == "core":
            _core(checker, requests * rounds)
        else:
            # Made for all rounds there could be: what is made is then the same for few and for many.
            _native(connection, [call(raw) for _ in range(_MOST_ROUNDS) for raw in requests][: rounds * DIFFERENT])


#: Of ``instructions.py``.
_MOST_ROUNDS = 21


def _core(checker: Checker, requests: list[bytes]) -> None:
    for raw in requests:
        assert isinstance(checker.begin(raw, NOW), Decided)  # noqa: S101 - the answer is part of what is counted


def _native(connection: Calls, received: list[bytes]) -> None:
    out = connection.connection.out
    for data in received:
        connection.received(data, 1.0)
        assert out  # noqa: S101 - it was answered at once
        b"".join(out)
        out.clear()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
