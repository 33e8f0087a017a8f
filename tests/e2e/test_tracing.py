"""Envoy and sidecar in one trace: Envoy's span of the request, its span of the check, ours, and the steps of a miss."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.collectors import Collector, Sent, grpc_collector
from support.processes import eventually
from support.stacks import running_stack

_SERVER, _CLIENT = 2, 3
_CHECK = "envoy.service.auth.v3.Authorization/Check"
_ASKS = "async envoy.service.auth.v3.Authorization.Check egress"
_CLIENTS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


@pytest.fixture(scope="module")
def traced(mode: Mapping[str, str]) -> Iterator[tuple[Stack, Collector]]:
    """Run a collector, and a stack of which Envoy and sidecar both tell it; Envoy traces all requests."""
    with _telling(mode, "ignore") as both:
        yield both


@contextmanager
def _telling(mode: Mapping[str, str], request_header: str, more: str = "") -> Iterator[tuple[Stack, Collector]]:
    with grpc_collector() as collector:
        text = f"""{CONFIGURATION}
tracing:
  endpoint: {collector.endpoint}
  ratio: 0
  attributes: [outcome, reason, path]
  request_header: {request_header}
{more}"""
        where = collector.endpoint.removeprefix("http://")
        with running_stack(text, mode, trace_to=where, trace_percent=100.0) as stack:
            yield stack, collector


def _get(stack: Stack, token: str, path: str, *headers: tuple[str, str]) -> Answer:
    return send(stack.envoy.port, Call("GET", path, (("authorization", f"Bearer {token}"), *headers)))


def _whole(collector: Collector, trace_id: str) -> list[Sent]:
    return [one for one in collector.spans if one.trace_id == trace_id]


def test_one_trace(traced: tuple[Stack, Collector]) -> None:
    """Each of our spans is a child of Envoy's span for the check, which is one of Envoy's span for the request."""
    stack, collector = traced
    token = stack.workspace.token(sub="dora")
    assert [_get(stack, token, "/orders/one").status for _ in range(6)] == [200] * 6
    assert _get(stack, "none", "/orders/one").status == 401

    def ours() -> list[Sent]:
        return collector.found({"url.path": "/orders/one"})

    assert eventually(lambda: len(ours()) == 7 and all(len(_whole(collector, one.trace_id)) > 2 for one in ours()))
    for one in ours():
        spans = {span.span_id: span for span in _whole(collector, one.trace_id)}
        asks = spans[one.parent_id]
        request = spans[asks.parent_id]
        assert (one.kind, asks.kind, request.kind) == (_SERVER, _CLIENT, _SERVER)
        assert request.parent_id == ""
        assert one.resource["service.name"] == "authz-sidecar"
        assert asks.resource["service.name"] == request.resource["service.name"] == "envoy"
        assert request.began <= asks.began <= one.began
    assert [one.attributes["authz.outcome"] for one in ours()].count("denied") == 1
    assert "verify" in {one.name for one in collector.spans}


def test_a_clients_trace_is_nobodys(traced: tuple[Stack, Collector]) -> None:
    """A trace of the client's choice is not gone on with, and not kept from being traced."""
    stack, collector = traced
    token = stack.workspace.token()
    for flags in ("00", "01"):
        asked = ("traceparent", f"{_CLIENTS}-{flags}"), ("tracestate", "a=1")
        assert _get(stack, token, f"/orders/nobody{flags}", *asked).status == 200
        collector.wait_for(1, **{"url.path": f"/orders/nobody{flags}"})
    assert not _whole(collector, _CLIENTS[3:35])


def test_a_clients_trace(tmp_path: Path) -> None:
    """Where that is asked for, Envoy goes on with it, sampled or not, and so do we; the decision log names it, too."""
    log = tmp_path / "decisions.jsonl"
    with _telling({}, "parent", f'decision_log: {{file: "{log}", allows_one_in: 1}}\n') as (stack, collector):
        token = stack.workspace.token()
        for flags in ("01", "00"):
            trace = ("traceparent", f"{_of_client(flags)}-{flags}"), ("tracestate", "a=1")
            for _ in range(6):
                assert _get(stack, token, f"/orders/{flags}", *trace).status == 200
                assert _get(stack, token, f"/orders/{flags}").status == 200
        for flags, traced in (("01", 6), ("00", 0)):
            _goes_on(collector, flags, traced)
        trace = ("traceparent", f"{_of_client('02')}-01"), ("tracestate", "a=1")
        assert _get(stack, token, "/orders/both", *trace).status == 200
        assert _get(stack, "none", "/orders/both", *trace).status == 401
        _log_and_spans_agree(log, collector, _of_client("02")[3:35])


def _of_client(flags: str) -> str:
    return _CLIENTS.replace("4bf9", f"{flags}f9")


def _goes_on(collector: Collector, flags: str, traced: int) -> None:
    # Envoy sends spans by and by: whatever of those is there, the last request's without a trace is.
    assert eventually(lambda: len(collector.found({"url.path": f"/orders/{flags}"})) >= 6 + traced)
    ours = [one for one in _whole(collector, _of_client(flags)[3:35]) if one.name == _CHECK]
    assert len(ours) == traced
    assert all(one.state == "a=1" for one in ours)
    assert eventually(lambda: all(_asks(collector, one) == _ASKS for one in ours))


def _log_and_spans_agree(log: Path, collector: Collector, trace_id: str) -> None:
    """Each check of a trace has a line and a span, with the same decision for the same reason."""

    def lines() -> list[tuple[str, str]]:
        found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        of_trace = [one for one in found if one.get("trace_id") == trace_id]
        assert {one["path"] for one in of_trace} <= {"/orders/both"}
        return sorted((one["decision"], one["reason"]) for one in of_trace)

    def spans() -> list[tuple[str, str]]:
        found = [one for one in _whole(collector, trace_id) if one.name == _CHECK]
        decision = {"allowed": "allow", "denied": "deny"}
        return sorted(
            (decision[str(one.attributes["authz.outcome"])], str(one.attributes["authz.reason"])) for one in found
        )

    assert eventually(lambda: len(lines()) == len(spans()) == 2)
    assert lines() == spans()
    assert [decision for decision, _ in lines()] == ["allow", "deny"]


def _asks(collector: Collector, check: Sent) -> str:
    """Return the name of the span that asks for a check: Envoy's, and never the client's."""
    return next((one.name for one in collector.spans if one.span_id == check.parent_id), "")
