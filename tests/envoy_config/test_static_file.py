"""``envoy/bootstrap.yaml`` and the generator say the same, and Envoy itself accepts both."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.core.path import PathMode
from sidecar.envoy_config import EnvoyOptions, to_json

_STATIC = EnvoyOptions(listener_address="0.0.0.0")  # noqa: S104 - what the commented file opens
_VALIDATION_SECONDS = 60

_CHOICES = {
    **{mode.value: EnvoyOptions(path_mode=mode) for mode in PathMode},
    "everything else": EnvoyOptions(
        listener_port=0,
        admin_port=0,
        upstream_address="app.internal",
        authz_addresses=("unix:/run/authz/server-0.sock", "unix:@authz", "127.0.0.1:9191", "[::1]:9192"),
        identity_headers=("x-user",),
        timeout_seconds=1.5,
        failure_mode_allow=True,
        encode_raw_headers=True,
        unprotected_paths=("/healthz", "/ready/"),
        override_headers=(),
        forward_token=False,
        max_connections=5,
    ),
}


def _refusal(envoy: Path, file: Path) -> str:
    """Return what Envoy has to say against ``file``: nothing, if it would start with it."""
    command: list[str | Path] = [envoy, "--mode", "validate", "-c", file, "--log-level", "warn"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_VALIDATION_SECONDS, check=False)  # noqa: S603
    return "" if run.returncode == 0 else run.stderr


def test_static_file_equals_generated(
    root: Path,
    generated: Callable[[EnvoyOptions], dict[str, Any]],
    understood: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    """The commented file says exactly what the generator says for the same options."""
    document = YAML(typ="safe").load(root / "envoy" / "bootstrap.yaml")
    assert understood(document) == generated(_STATIC)


def test_envoy_accepts_static_file(root: Path, envoy_binary: Path) -> None:
    """Envoy would start with the commented file."""
    assert _refusal(envoy_binary, root / "envoy" / "bootstrap.yaml") == ""


@pytest.mark.parametrize("choice", _CHOICES)
def test_envoy_accepts_generated(choice: str, envoy_binary: Path, tmp_path: Path) -> None:
    """Envoy would start with what is generated, in every path mode and with every kind of address."""
    file = tmp_path / "bootstrap.json"
    file.write_text(to_json(_CHOICES[choice]), encoding="utf-8")
    assert _refusal(envoy_binary, file) == ""


def test_envoy_refuses_nonsense(envoy_binary: Path, tmp_path: Path) -> None:
    """Validation is no formality: an expression above RE2's limit is refused, as the rules' split form presumes."""
    document = json.loads(to_json(EnvoyOptions()))
    listener = document["staticResources"]["listeners"][0]
    manager = listener["filterChains"][0]["filters"][0]["typedConfig"]
    match = manager["routeConfig"]["virtualHosts"][0]["routes"][0]["match"]["headers"][0]
    match["stringMatch"]["safeRegex"]["regex"] = "a{200}"
    file = tmp_path / "bootstrap.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "max program size" in _refusal(envoy_binary, file)
