"""Which checks are traced: what Envoy says, then what the client's header says, then chance."""

import asyncio
from collections.abc import Awaitable

import pytest

from sidecar.tracing import recording
from sidecar.tracing.calls import CallTracer
from sidecar.tracing.context import TraceContext, parse_traceparent
from sidecar.tracing.pace import Pace
from support.requests import check_request

_SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_NOT = _SAMPLED[:-1] + "0"
_OTHER = "00-11111111111111111111111111111111-2222222222222222-01"


class _Checks:
    """Answers, and remembers under which recording it was asked."""

    def __init__(self) -> None:
        self.seen: list[TraceContext | str | None] = []

    def answer(self, _message: bytes, _seconds: float | None) -> bytes:
        """Answer at once."""
        under = recording.current()
        self.seen.append("nothing" if under is None else under.parent)
        return b"answer"


def _asked(
    metadata: list[str], message: bytes = b"", *, ratio: float = 0.0, chance: float = 0.5, believes: bool = True
) -> TraceContext | str | None:
    """Return the parent of the span that a call would get; "nothing" where it is not traced."""
    checks = _Checks()
    tracer = CallTracer(checks.answer, ratio, Pace(1), believes_requests=believes, chance=lambda: chance)
    answer = tracer(metadata, ["a=1"] if metadata else [])
    assert (answer or checks.answer)(message, 1.0) == b"answer"
    assert recording.current() is None
    return checks.seen[0]


def _request(**headers: str) -> bytes:
    return check_request(headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_envoys_decision_holds() -> None:
    """Whatever chance and the client say; its tracestate goes along."""
    context = parse_traceparent(_SAMPLED)
    assert context is not None
    assert _asked([_SAMPLED], _request(traceparent=_OTHER)) == context._replace(state="a=1")
    assert _asked([_NOT], _request(traceparent=_OTHER), ratio=1.0) == "nothing"


@pytest.mark.parametrize("metadata", [[], ["nonsense"], [_SAMPLED, _OTHER]], ids=["none", "broken", "two"])
def test_the_clients_header_decides_where_envoy_does_not(metadata: list[str]) -> None:
    """Without a trace in the metadata, or with what is none."""
    assert _asked(metadata, _request(traceparent=_OTHER)) == parse_traceparent(_OTHER)
    assert _asked(metadata, _request(traceparent=_NOT), ratio=1.0) == "nothing"


def test_the_clients_header_is_ignored_if_told_to() -> None:
    """Then chance decides, and a trace begins."""
    assert _asked([], _request(traceparent=_OTHER), believes=False) == "nothing"
    assert _asked([], _request(traceparent=_OTHER), ratio=1.0, believes=False) is None


@pytest.mark.parametrize(
    ("ratio", "chance", "expected"),
    [(0.0, 0.0, "nothing"), (1.0, 0.999, None), (0.01, 0.0099, None), (0.01, 0.01, "nothing")],
)
def test_chance(ratio: float, chance: float, expected: str | None) -> None:
    """Of 100 checks in no trace one, with 0.01; with 0 none, with 1 all."""
    assert _asked([], _request(), ratio=ratio, chance=chance) == expected


@pytest.mark.parametrize(
    "message",
    [
        check_request(path=f"/traceparent/{_SAMPLED}"),
        _request(x_header=f"traceparent {_SAMPLED}"),
        _request(x_traceparent=_SAMPLED),
        _request(traceparent=f"{_SAMPLED},{_OTHER}"),
        b"traceparent" + _SAMPLED.encode(),
    ],
    ids=["path", "another-header", "another-name", "two", "garbage"],
)
def test_nothing_else_is_taken_for_a_header(message: bytes) -> None:
    """The bytes may stand elsewhere in a request."""
    assert _asked([], message) == "nothing"


def test_a_check_that_waits_takes_its_recording_along() -> None:
    """Two at once have each their own, and who called has none."""
    seen = []

    async def later() -> bytes:
        await asyncio.sleep(0)
        under = recording.current()
        assert under is not None
        assert under.parent is not None
        seen.append(under.parent.trace_id)
        return b"late"

    async def scenario() -> None:
        tracer = CallTracer(lambda _message, _seconds: later(), 0.0, Pace(2), believes_requests=True)
        waiting = []
        for one in (_SAMPLED, _OTHER):
            answer = tracer([one])
            assert answer is not None
            found = answer(b"", None)
            assert isinstance(found, Awaitable)
            assert recording.current() is None
            waiting.append(found)
        assert await asyncio.gather(*waiting) == [b"late"] * 2
        assert seen == ["4bf92f3577b34da6a3ce929d0e0e4736", "1" * 32]

    asyncio.run(scenario())


def test_no_more_than_may_be_in_a_second() -> None:
    """Whoever asks for it: what is more is answered all the same, and counted."""
    checks, times = _Checks(), [0.0]
    pace = Pace(2, lambda: times[0])
    tracer = CallTracer(checks.answer, 1.0, pace, believes_requests=True)

    def traced(calls: int) -> int:
        checks.seen.clear()
        for number in range(calls):
            answer = tracer([_SAMPLED] if number % 2 else []) or checks.answer
            assert answer(_request(traceparent=_OTHER) if number % 3 else b"", None) == b"answer"
        return calls - checks.seen.count("nothing")

    assert (traced(50), pace.refused) == (2, 48)
    times[0] = 0.5
    assert traced(50) == 1
    times[0] = 60.0
    assert (traced(50), pace.refused) == (2, 145)
