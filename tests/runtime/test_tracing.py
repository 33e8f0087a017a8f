"""A sidecar that traces, asked directly: in several processes and in one, on either transport."""

import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from support.collectors import Collector, Sent, grpc_collector, http_collector
from support.fronts import CHECK
from support.openmetrics import families
from support.processes import eventually
from support.requests import with_token
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar
from support.stacks import MODES

_TRACING = """\
tracing:
  endpoint: {endpoint}
  protocol: {protocol}
  ratio: 0
  request_header: parent
  attributes: [outcome, reason, policy, issuer, method, status, host, path, subject, request_id]
"""
_SERVER = 2


#: With each its way to start processes, which must not lose the threads of OpenTelemetry's.
_STARTED = {"several": {"AUTHZ_PROCESS_START_METHOD": "fork"}, "grpcio": {"AUTHZ_PROCESS_START_METHOD": "spawn"}}


@pytest.fixture(params=sorted(MODES))
def running(request: pytest.FixtureRequest, short_folder: Path) -> Iterator[tuple[Sidecar, Collector]]:
    """Run a collector, and a sidecar that tells it."""
    over = "http" if request.param == "single" else "grpc"
    with http_collector() if over == "http" else grpc_collector() as collector:
        text = CONFIGURATION + _TRACING.format(endpoint=collector.endpoint, protocol=over)
        environment = {**MODES[request.param], **_STARTED.get(request.param, {})}
        with running_sidecar(short_folder, text, environment) as sidecar:
            assert eventually(sidecar.is_ready)
            yield sidecar, collector


def _ask(sidecar: Sidecar, token: str, numbers: range, flags: str = "01", **headers: str) -> None:
    """Ask each number once on one connection, under a trace of that number."""
    raw = with_token(token, headers=headers, path="/orders?secret=hunter2")
    with grpc.insecure_channel(sidecar.addresses[0].replace("unix:@", "unix-abstract:")) as channel:
        call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
        for number in numbers:
            call(raw, timeout=20, wait_for_ready=True, metadata=(("traceparent", _parent(number, flags)),))


def _parent(number: int, flags: str) -> str:
    return f"00-{number:032x}-{number:016x}-{flags}"


def _ids(spans: list[Sent]) -> set[tuple[str, str]]:
    return {(one.trace_id, one.parent_id) for one in spans if one.kind == _SERVER}


def test_traced(running: tuple[Sidecar, Collector]) -> None:
    """One span a check under the span that asks, with steps for misses; of what is not sampled none; no token in any.

    What waits to be sent when the sidecar is told to end is sent.
    """
    sidecar, collector = running
    token = sidecar.workspace.token(sub="carol")
    _a_miss_has_its_steps(sidecar, collector, token)
    _the_clients_own_header_counts_where_the_call_names_no_trace(sidecar, collector)
    _ask(sidecar, token, range(100, 110), "00")
    _ask(sidecar, token, range(3, 30))
    _ask(sidecar, "no.token.here", range(30, 31))
    metrics = sidecar.get("/metrics")[1]
    sidecar.process.signal(signal.SIGTERM)
    assert sidecar.process.wait() == 0
    assert _ids(collector.spans) == {(f"{n:032x}", f"{n:016x}") for n in range(1, 32)}
    allowed = collector.found({"authz.outcome": "allowed", "enduser.id": "carol"})
    assert len(allowed) == 29
    assert {one.attributes["authz.policy"] for one in allowed} == {"all"}
    assert {one.resource["authz.server"] for one in collector.spans} == {"server-0"}
    denied = collector.found({"authz.outcome": "denied"})
    assert [one.attributes["http.response.status_code"] for one in denied] == [401]
    told = b"".join(collector.raw) + metrics.encode() + sidecar.printed().encode()
    assert not any(part.encode() in told for part in (*token.split("."), "hunter2", "no.token"))
    assert "Traceback" not in sidecar.printed()


def _a_miss_has_its_steps(sidecar: Sidecar, collector: Collector, token: str) -> None:
    """A token that was never seen is verified, where it says so; the next time it is known."""
    _ask(sidecar, token, range(1, 3))
    steps = collector.wait_for(1, **{"authz.route": "inline"})
    checks = collector.wait_for(2, **{"authz.outcome": "allowed"})
    assert [(one.name, one.trace_id, one.parent_id) for one in steps] == [
        ("verify", checks[0].trace_id, checks[0].span_id)
    ]
    assert checks[0].began <= steps[0].began <= steps[0].ended <= checks[0].ended
    assert eventually(lambda: sidecar.metric('authz_trace_spans_total{result="delivered"}') == 3)
    scraped = sidecar.get("/metrics", accept="application/openmetrics-text; version=1.0.0")[1]
    named = [(one, one.exemplar) for family in families(scraped) for one in family.samples if one.exemplar is not None]
    assert {sample.name for sample, _ in named} == {"authz_check_duration_seconds_bucket"}
    for sample, exemplar in named:
        (of,) = (one for one in checks if one.trace_id == exemplar.labels["trace_id"])
        assert 0 <= exemplar.value <= float(sample.labels["le"])
        assert abs(float(exemplar.timestamp or 0) - of.ended / 1e9) < 1e-3
    assert checks[-1].trace_id in {exemplar.labels["trace_id"] for _, exemplar in named}


def _the_clients_own_header_counts_where_the_call_names_no_trace(sidecar: Sidecar, collector: Collector) -> None:
    raw = with_token(sidecar.workspace.token(), headers={"traceparent": _parent(31, "01")})
    assert sidecar.check_raw(sidecar.addresses[0], raw).allowed
    assert sidecar.check(sidecar.addresses[0]).allowed
    collector.wait_for(1, **{"enduser.id": "alice"})
