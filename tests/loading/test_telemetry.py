"""Without the extra a configuration that asks for tracing is refused, with what to install."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError

_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]
tracing: {endpoint: 'http://127.0.0.1:4318', protocol: PROTOCOL}
"""
_find = importlib.util.find_spec


def _without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it look as if ``name`` were not installed."""

    def find_spec(asked: str) -> ModuleSpec | None:
        if asked.startswith(name):
            raise ModuleNotFoundError(asked)
        return _find(asked)

    monkeypatch.setattr("sidecar.loading.telemetry.find_spec", find_spec)


@pytest.mark.parametrize(
    ("missing", "protocol"),
    [
        ("opentelemetry", "grpc"),
        ("opentelemetry.exporter.otlp.proto.grpc", "grpc"),
        ("opentelemetry.exporter.otlp.proto.http", "http"),
    ],
)
def test_refused_without(missing: str, protocol: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK, or the exporter of the protocol that is asked for."""
    _without(missing, monkeypatch)
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION.replace("PROTOCOL", protocol), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(config, {})
    assert [problem.field for problem in refused.value.problems] == ["tracing"]
    assert "is missing: pip install 'ext-authz-sidecar[otel]'" in str(refused.value)


def test_the_other_exporter_may_be_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not asked for need not be there."""
    _without("opentelemetry.exporter.otlp.proto.http", monkeypatch)
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION.replace("PROTOCOL", "grpc"), encoding="utf-8")
    assert load_configuration(config, {}).settings.tracing is not None
