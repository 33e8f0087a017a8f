"""``envoy config`` and ``envoy secrets`` for a sidecar with TLS."""

import json
from pathlib import Path

import pytest

from sidecar.demo.workspace import Workspace
from support.commands import Run

_TLS = "tls: {certificate_file: tls.pem, key_file: tls.key"


@pytest.fixture
def secured(workspace: Workspace) -> Workspace:
    """Return one whose sidecar has TLS and asks Envoy for a certificate."""
    text = workspace.config.read_text(encoding="utf-8").replace(f"listen: {workspace.socket}", "listen: 0.0.0.0:9191")
    workspace.config.write_text(text + _TLS + ", client_ca_file: ca.pem}\n", encoding="utf-8")
    return workspace


def test_config(run: Run, secured: Workspace) -> None:
    """Every server is reached over TLS, at the address that is said."""
    command = ("envoy", "config", "--config", secured.config, "--json", "--sidecar-name", "authz.example")
    done = run(*command, "--secrets", "/etc/envoy/authz", "--sidecar-address", "10.0.0.7")
    assert done.returncode == 0, done.stderr
    cluster = json.loads(done.stdout)["staticResources"]["clusters"][1]
    assert cluster["transportSocket"]["typedConfig"]["sni"] == "authz.example"
    assert done.stdout.count('"10.0.0.7"') == 2


def test_config_refuses_plaintext(run: Run, secured: Workspace) -> None:
    """Without saying whom to expect there is no configuration, and the message says what to add."""
    refused = run("envoy", "config", "--config", secured.config)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "add --sidecar-name NAME" in refused.stderr


def test_config_refuses_tls_to_nobody(run: Run, workspace: Workspace) -> None:
    """A sidecar without TLS is not spoken to in TLS."""
    refused = run("envoy", "config", "--config", workspace.config, "--sidecar-name", "authz.example", "--secrets", "/x")
    assert refused.returncode == 2
    assert "the sidecar has no 'tls'" in refused.stderr


_CA = ("--sidecar-ca", "/certs/ca.crt")
_PAIR = ("--client-certificate", "/certs/tls.crt", "--client-key", "/certs/tls.key")


def test_secrets(run: Run, secured: Workspace, tmp_path: Path) -> None:
    """Both files are written, with the paths that Envoy sees."""
    done = run("envoy", "secrets", "--config", secured.config, *_CA, *_PAIR, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/certs/ca.crt" in (tmp_path / "sidecar-ca.json").read_text(encoding="utf-8")
    assert "/certs/tls.key" in (tmp_path / "client-certificate.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", [(), _PAIR[:2], _PAIR[2:]])
def test_secrets_that_are_missing(given: tuple[str, ...], run: Run, secured: Workspace, tmp_path: Path) -> None:
    """A sidecar that asks for a certificate needs one, with its key."""
    refused = run("envoy", "secrets", "--config", secured.config, *_CA, *given, tmp_path)
    assert refused.returncode == 2
    assert "add --client-certificate and --client-key" in refused.stderr
    assert not (tmp_path / "sidecar-ca.json").exists()


def test_secrets_that_nobody_asks_for(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """A certificate that would not be shown is refused, and so is everything without TLS."""
    command = ("envoy", "secrets", "--config", workspace.config, *_CA, tmp_path)
    assert "the sidecar has no 'tls'" in run(*command).stderr
    text = workspace.config.read_text(encoding="utf-8").replace(f"listen: {workspace.socket}", "listen: 0.0.0.0:9191")
    workspace.config.write_text(text + _TLS + "}\n", encoding="utf-8")
    assert "asks for no certificate" in run(*command, *_PAIR).stderr
    assert run(*command).returncode == 0
    assert not (tmp_path / "client-certificate.json").exists()


def test_secrets_that_are_relative(run: Run, secured: Workspace, tmp_path: Path) -> None:
    """A path that depends on where Envoy is started is refused."""
    refused = run("envoy", "secrets", "--config", secured.config, "--sidecar-ca", "ca.crt", *_PAIR, tmp_path)
    assert refused.returncode == 2
    assert "'ca.crt' is relative" in refused.stderr
