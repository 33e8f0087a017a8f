"""Without the extra a configuration that sends decisions to a collector is refused, with what to install."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError

_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]
decision_log: {otlp: {endpoint: 'http://127.0.0.1:4318', protocol: http}}
"""
_find = importlib.util.find_spec


def test_refused_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter has to be there."""
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION, encoding="utf-8")
    assert load_configuration(config, {}).settings.decision_log.is_written

    def find_spec(asked: str) -> ModuleSpec | None:
        return None if asked.endswith(".http") else _find(asked)

    monkeypatch.setattr("sidecar.loading.telemetry.find_spec", find_spec)
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(config, {})
    assert [problem.field for problem in refused.value.problems] == ["decision_log.otlp"]
    assert "is missing: pip install 'ext-authz-sidecar[otel]'" in str(refused.value)
