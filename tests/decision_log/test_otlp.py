"""Decisions as OTLP logs: the record as attributes, in whole batches, and what is said where nobody takes them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from sidecar.decision_log import otlp
from sidecar.decision_log.line import line_of
from sidecar.decision_log.otlp import OtlpLogs
from sidecar.decision_log.output import OutputError, Told
from sidecar.tracing.collector import Collector as Where
from support.certificates import Authority
from support.collectors import Collector, grpc_collector, http_collector

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_RECORD: dict[str, Any] = {
    "time": "2026-01-01T12:00:00.250001Z",
    "decision": "deny",
    "reason": "no_policy_allows",
    "status": 403,
    "subject": None,
    "path": "/orders/1",
    "duration": 1.5e-05,
    "trace_id": _TRACE,
    "audited": ["a", "b"],
    "dry_run": {"decision": "allow", "policy": "p", "rule": 2},
    "hooks": [{"hook": "m:f", "result": "deny"}],
    "cut": True,
}


def _told(**changed: Any) -> Told:  # noqa: ANN401 - any JSON
    record = {**_RECORD, **changed}
    return Told(record, line_of(record))


def _value(value: AnyValue) -> Any:  # noqa: ANN401 - what stands in it
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind or "")


def _records(found: list[ExportLogsServiceRequest]) -> list[Any]:
    scopes = [scope for message in found for one in message.resource_logs for scope in one.scope_logs]
    return [record for scope in scopes for record in scope.log_records]


@pytest.fixture
def logs() -> Iterator[Callable[..., OtlpLogs]]:
    """Give what makes one, which is closed in the end."""
    made: list[OtlpLogs] = []

    def make(endpoint: str, protocol: Any = "grpc", timeout: float = 5.0, **files: Path) -> OtlpLogs:  # noqa: ANN401
        where = Where(endpoint, protocol, timeout, **files)
        made.append(OtlpLogs(where, {"service.name": "authz", "service.version": "1.2.3", "authz.server": "server-0"}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(("protocol", "collector"), [("grpc", grpc_collector), ("http", http_collector)])
def test_a_record(
    protocol: str, collector: Callable[[], AbstractContextManager[Collector]], logs: Callable[..., OtlpLogs]
) -> None:
    """All that a line has is in it, under the names of its fields; what OTLP has a place for stands there."""
    with collector() as running:
        assert logs(running.endpoint, protocol).write([_told(), _told(decision="allow", reason="allowed")]) == 2
        denied, allowed = _records(running.logs)
        (resource,) = running.logs[0].resource_logs
    assert {one.key: _value(one.value) for one in denied.attributes} == {
        "authz.decision": "deny",
        "authz.reason": "no_policy_allows",
        "authz.status": 403,
        "authz.path": "/orders/1",
        "authz.duration": 1.5e-05,
        "authz.audited": ["a", "b"],
        "authz.dry_run.decision": "allow",
        "authz.dry_run.policy": "p",
        "authz.dry_run.rule": 2,
        "authz.hooks": ["m:f=deny"],
        "authz.cut": True,
    }
    assert denied.time_unix_nano == denied.observed_time_unix_nano == 1_767_268_800_250_001_000
    assert (denied.trace_id.hex(), denied.span_id) == (_TRACE, b"")
    assert (denied.severity_text, denied.event_name, denied.body.string_value) == (
        *("WARN", "authz.decision"),
        "deny no_policy_allows",
    )
    assert (allowed.severity_text, allowed.body.string_value) == ("INFO", "allow allowed")
    told = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert told.items() >= {"service.name": "authz", "service.version": "1.2.3", "authz.server": "server-0"}.items()


def test_what_is_masked_is_masked(logs: Callable[..., OtlpLogs]) -> None:
    """A time or a trace that nobody is to read is not there, nor taken for another one."""
    with http_collector() as running:
        logs(running.endpoint, "http").write([_told(time="***", trace_id="hash:0123"), _told(trace_id="***")])
        first, second = _records(running.logs)
    assert first.time_unix_nano > second.time_unix_nano
    assert (first.trace_id, second.trace_id) == (b"", b"")


def test_large_batches_are_sent_in_parts(logs: Callable[..., OtlpLogs], monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is larger than collectors take; where one fails, those before it are written."""
    with grpc_collector() as running:
        output = logs(running.endpoint)
        assert output.write([_told(path="/" + "a" * 3000) for _ in range(1024)]) == 1024
        assert [len(_records([one])) for one in running.logs] == [512, 512]
        monkeypatch.setattr(otlp, "_MOST_AT_ONCE", 2)
        take = running.take

        def once(*message: Any) -> None:  # noqa: ANN401 - as it is called
            take(*message)
            running.refuses = True

        monkeypatch.setattr(running, "take", once)
        assert output.write([_told()] * 5) == 2
        with pytest.raises(OutputError):
            output.write([_told()] * 5)


def test_what_another_collector_had_is_not_told(logs: Callable[..., OtlpLogs]) -> None:
    """OpenTelemetry's exporters keep to themselves what they said before, be it about another collector."""
    with grpc_collector() as first, grpc_collector() as second:
        first.refuses = second.refuses = True
        for running in (first, second, first):
            where = running.endpoint.removeprefix("http://")
            with pytest.raises(OutputError, match=f"{where} has not taken them: .*{where}"):
                logs(running.endpoint).write([_told()])


def test_collector_that_refuses(logs: Callable[..., OtlpLogs]) -> None:
    """Where it is and what it said is told, in one line; nothing of a record is."""
    with grpc_collector() as running:
        running.refuses = True
        with pytest.raises(OutputError, match=rf"{running.endpoint} has not taken them: .*PERMISSION_DENIED") as failed:
            logs(running.endpoint).write([_told(path="/s3cret")])
    assert "s3cret" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_headers_and_certificates_are_read_again(logs: Callable[..., OtlpLogs], tmp_path: Path) -> None:
    """Once they are there, and others once they have changed."""
    ca, other = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    headers, authorities = tmp_path / "headers.txt", tmp_path / "ca.pem"
    authorities.write_bytes(Path(other.file).read_bytes())
    with grpc_collector(ca.sign("collector")) as running:
        output = logs(running.endpoint, timeout=1.0, headers_file=headers, ca_file=authorities)
        with pytest.raises(OutputError, match=r"headers\.txt cannot be read: No such file"):
            output.write([_told()])
        headers.write_text("authorization: Bearer one", encoding="ascii")
        with pytest.raises(OutputError, match="has not taken them"):
            output.write([_told()])
        authorities.write_bytes(Path(ca.file).read_bytes())
        assert output.write([_told()]) == 1
        headers.write_text("authorization: Bearer another", encoding="ascii")
        assert output.write([_told()]) == 1
        assert [one["authorization"] for one in running.headers] == ["Bearer one", "Bearer another"]
