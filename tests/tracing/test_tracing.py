"""From a check's answer to its span at a collector, over gRPC, HTTP and TLS; and what does not reach one."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core import response
from sidecar.core.decision import Denial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.tracing import recording
from sidecar.tracing.collector import Collector as At
from sidecar.tracing.plan import Plan
from sidecar.tracing.told import Told
from sidecar.tracing.tracing import Exemplify, Tracing
from support.certificates import Authority
from support.collectors import Collector, grpc_collector, http_collector
from support.processes import eventually
from support.requests import check_request
from support.telling import hide

_SERVER, _INTERNAL, _CLIENT = 2, 1, 3
_UNSET, _ERROR = 0, 2
_PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def _plan(at: At, **changes: object) -> Plan:
    plan = Plan(at, {"service.name": "ours"}, frozenset(Told), 0.0, 10_000, believes_requests=True, queue_size=64)
    return replace(plan, **changes)  # type: ignore[arg-type]


def _denied(reason: Reason) -> Decided:
    denial = Denial(reason)
    return Decided(denial, response.deny(denial, "", "realm"))


class _Checks:
    """Checks that end as they are told to, after the steps they are told of."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self.tracer = tracing.calls(self._answer)
        self.reason, self.steps = Reason.TOKEN_EXPIRED, ("verify",)

    def ask(self, *parents: str, states: tuple[str, ...] = (), times: int = 1) -> None:
        """Ask, with these metadata."""
        for _ in range(times):
            answer = self.tracer(parents, states)
            (answer or self._answer)(check_request(method="PUT"), None)

    def _answer(self, message: bytes, _seconds: float | None) -> bytes:
        under = recording.current()
        if under is not None:
            for step in self.steps:
                under.facts["route"] = "pool"
                under.step(step, under.began + 1000, under.began + 2000)
        self._tracing.watch(_denied(self.reason), 0.25, message, False)  # noqa: FBT003 - a fact
        return b""


def _run(
    plan: Plan, use: Callable[[_Checks], None], seconds: float = 20.0, told: Exemplify = lambda *_: None
) -> Tracing:
    """Trace for a while, and end."""
    tracing = Tracing(plan, hide, told)

    async def scenario() -> None:
        tracing.open()
        use(_Checks(tracing))
        await tracing.close(seconds)

    asyncio.run(scenario())
    return tracing


@pytest.fixture(params=["grpc", "http"])
def collector(request: pytest.FixtureRequest) -> Iterator[tuple[Collector, At]]:
    """Run a collector, and give where it is."""
    running: AbstractContextManager[Collector] = grpc_collector() if request.param == "grpc" else http_collector()
    with running as one:
        yield one, At(one.endpoint, request.param, 5.0)


def test_a_span_with_its_steps(collector: tuple[Collector, At]) -> None:
    """A child of the span that asks, with times, attributes, kind and resource; its steps are its children."""
    sent, at = collector
    tracing = _run(_plan(at), lambda checks: checks.ask(_PARENT, states=("a=1",)))
    assert (tracing.delivered, tracing.failed, tracing.dropped) == (2, 0, 0)
    check, step = sorted(sent.spans, key=lambda one: one.began)
    assert check.name == "envoy.service.auth.v3.Authorization/Check"
    assert (check.trace_id, check.parent_id, check.state) == (_PARENT[3:35], _PARENT[36:52], "a=1")
    assert (check.kind, check.status, check.ended - check.began) == (_SERVER, _UNSET, 250_000_000)
    assert abs(check.began - time.time_ns()) < 60_000_000_000
    assert check.attributes["authz.reason"] == "token_expired"
    assert check.attributes["http.request.method"] == "PUT"
    assert check.resource["service.name"] == "ours"
    assert (step.name, step.trace_id, step.parent_id) == ("verify", check.trace_id, check.span_id)
    assert (step.kind, step.began, step.ended) == (_INTERNAL, check.began + 1000, check.began + 2000)
    assert step.attributes == {"authz.route": "pool"}


def test_a_trace_of_its_own(collector: tuple[Collector, At]) -> None:
    """Without a parent each check begins a trace; questions to others are a client's; faults are errors."""
    sent, at = collector

    def use(checks: _Checks) -> None:
        checks.reason, checks.steps = Reason.INTROSPECTION_UNAVAILABLE, ("introspect",)
        checks.ask(times=2)

    _run(_plan(at, ratio=1.0), use)
    checks = [one for one in sent.spans if one.kind == _SERVER]
    assert len({one.trace_id for one in checks}) == 2
    assert {(one.parent_id, one.status) for one in checks} == {("", _ERROR)}
    assert sorted(one.kind for one in sent.spans) == [_SERVER, _SERVER, _CLIENT, _CLIENT]


def test_headers_out_of_a_file_that_changes(collector: tuple[Collector, At], tmp_path: Path) -> None:
    """They go along, and are read again when they have changed."""
    sent, at = collector
    file = tmp_path / "headers"
    file.write_text("x-tenant: one\n")

    async def scenario() -> None:
        tracing = Tracing(_plan(replace(at, headers_file=file)), hide)
        tracing.open()
        checks = _Checks(tracing)
        for wanted, text in ((2, "x-tenant: another\n"), (4, "")):
            checks.ask(_PARENT)
            while tracing.delivered < wanted:  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.01)
            file.write_text(text)
        await tracing.close(20)

    asyncio.run(scenario())
    assert [one["x-tenant"] for one in sent.headers] == ["one", "another"]


def test_tls(tmp_path: Path) -> None:
    """A collector is believed whose certificate is signed by the CAs in the file, and no other."""
    good, bad = Authority(tmp_path, "good"), Authority(tmp_path, "bad")
    with grpc_collector(good.sign("collector")) as sent:
        at = At(sent.endpoint, "grpc", 1.0, ca_file=Path(good.file))
        assert _run(_plan(at), lambda checks: checks.ask(_PARENT)).delivered == 2
        at = replace(at, ca_file=Path(bad.file))
        assert _run(_plan(at), lambda checks: checks.ask(_PARENT)).failed == 2
        assert len(sent.spans) == 2


def test_refused_is_counted_and_said_once(
    collector: tuple[Collector, At], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """However often; and once more when it works again. No secret is in it, and no line of the collector's own."""
    sent, at = collector
    file = tmp_path / "headers"
    file.write_text("authorization: Bearer hunter2\n")
    caplog.set_level(logging.DEBUG)
    sent.refuses = True

    async def scenario() -> Tracing:
        tracing = Tracing(_plan(replace(at, headers_file=file)), hide)
        tracing.open()
        checks = _Checks(tracing)
        for wanted in (2, 4):
            checks.ask(_PARENT)
            while tracing.failed < wanted:  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.01)
        sent.refuses = False
        checks.ask(_PARENT)
        await tracing.close(20)
        return tracing

    tracing = asyncio.run(scenario())
    assert (tracing.delivered, tracing.failed) == (2, 4)
    said = [one.getMessage() for one in caplog.records if one.name == "sidecar.tracing.delivery"]
    assert len(said) == 2
    assert said[0].startswith(f"spans are not delivered to {at.endpoint}, and dropped: ")
    assert len(said[0].rpartition("dropped: ")[2]) > 3
    assert said[1] == f"spans are delivered to {at.endpoint} again"
    assert "hunter2" not in caplog.text
    assert not [one for one in caplog.records if one.name.startswith("opentelemetry")]


def test_headers_that_are_missing_are_a_failure_and_no_end(
    collector: tuple[Collector, At], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """It is said which file; checks go on."""
    _, at = collector
    tracing = _run(_plan(replace(at, headers_file=tmp_path / "absent")), lambda checks: checks.ask(_PARENT))
    assert tracing.failed == 2
    assert "absent cannot be read" in caplog.text


def test_nobody_there() -> None:
    """What cannot be sent is counted, and the end waits no longer than it may, though the exporter would try on."""
    began = time.monotonic()
    tracing = _run(_plan(At("http://127.0.0.1:9", "grpc", 30.0)), lambda checks: checks.ask(_PARENT), 0.3)
    assert time.monotonic() - began < 15
    assert tracing.delivered == 0
    assert eventually(lambda: tracing.failed == 2)


def test_more_than_there_is_room_for() -> None:
    """Is dropped and counted: those that wait for the collector, and those of which no span is made yet."""
    plan = _plan(At("http://127.0.0.1:9", "grpc", 30.0), queue_size=16)
    tracing = _run(plan, lambda checks: checks.ask(_PARENT, times=2000), 0.3)
    assert tracing.delivered == 0
    assert tracing.dropped >= 2 * (2000 - 16)
    assert eventually(lambda: tracing.dropped + tracing.failed == 4000)


def test_each_traced_check_is_an_example(collector: tuple[Collector, At]) -> None:
    """Of how long checks take: with the id of its trace, be it Envoy's or its own, and when it ended."""
    sent, at = collector
    told: list[tuple[float, bytes, float]] = []

    def use(checks: _Checks) -> None:
        checks.ask(_PARENT)
        checks.ask()

    _run(_plan(at, ratio=1.0), use, told=lambda *one: told.append(one))
    spans = sorted((one for one in sent.spans if one.kind == _SERVER), key=lambda one: one.began)
    assert [(0.25, bytes.fromhex(one.trace_id)) for one in spans] == [(seconds, trace) for seconds, trace, _ in told]
    # A time in seconds is a float, which has no room for nanoseconds.
    assert [one.ended / 1e9 for one in spans] == pytest.approx([at for _, _, at in told], rel=0, abs=1e-5)


def test_switched_off_by_opentelemetrys_own_variable(
    collector: tuple[Collector, At], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made, and nothing counts as dropped."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    sent, at = collector
    told: list[tuple[float, bytes, float]] = []
    tracing = _run(_plan(at), lambda checks: checks.ask(_PARENT, times=99), told=lambda *one: told.append(one))
    assert (sent.spans, tracing.delivered, tracing.failed, tracing.dropped) == ([], 0, 0, 0)
    assert {trace for _, trace, _ in told} == {bytes(16)}


def test_nothing_is_made_of_others(collector: tuple[Collector, At]) -> None:
    """Of checks that are not traced nothing is kept."""
    sent, at = collector
    tracing = _run(_plan(at), lambda checks: checks.ask(_PARENT[:-1] + "0", times=10))
    assert (tracing.delivered, sent.spans) == (0, [])


def test_opened_where_it_is_used() -> None:
    """Until then there is no thread of OpenTelemetry's, as a fork would lose it."""
    before = {one.name for one in threading.enumerate()}
    tracing = Tracing(_plan(At("http://127.0.0.1:9", "http", 1.0)), hide)
    tracing.services  # noqa: B018 - nothing of it starts one
    assert {one.name for one in threading.enumerate()} == before
    assert (tracing.delivered, tracing.failed, tracing.dropped) == (0, 0, 0)
    asyncio.run(tracing.close(1))
