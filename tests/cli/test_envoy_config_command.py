"""``envoy config``: a bootstrap that fits the sidecar's configuration."""

import json
from typing import Any

from ruamel.yaml import YAML

from sidecar.demo.workspace import Workspace
from support.commands import Run


def _filter(document: dict[str, Any]) -> dict[str, Any]:
    manager = document["staticResources"]["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    config: dict[str, Any] = manager["httpFilters"][0]["typedConfig"]
    return config


def test_yaml_and_json_say_the_same(run: Run, workspace: Workspace) -> None:
    """Endpoints, ports and headers are those of the sidecar's configuration."""
    command = ("envoy", "config", "--config", workspace.config, "--listener", "0.0.0.0:80", "--upstream", "app:8000")
    yaml, as_json = run(*command), run(*command, "--json")
    assert yaml.returncode == 0, yaml.stderr
    document = json.loads(as_json.stdout)
    assert YAML(typ="safe").load(yaml.stdout) == document
    listener = document["staticResources"]["listeners"][0]["address"]["socketAddress"]
    assert (listener["address"], listener["portValue"]) == ("0.0.0.0", 80)  # noqa: S104 - as asked for
    assert "authz-1.sock" in as_json.stdout
    allowed = [one.get("exact") for one in _filter(document)["allowedHeaders"]["patterns"]]
    assert {"authorization", "x-request-id", "origin"} <= set(allowed)
    assert "authz.headers" in as_json.stdout


def test_all_headers(run: Run, workspace: Workspace) -> None:
    """On request nothing is left out, and nothing is said of it."""
    done = run("envoy", "config", "--config", workspace.config, "--all-headers", "--json")
    assert "allowedHeaders" not in _filter(json.loads(done.stdout))
    assert "authz.headers" not in done.stdout


def test_servers_must_be_known(run: Run, workspace: Workspace) -> None:
    """How many servers there will be elsewhere nobody can guess."""
    text = workspace.config.read_text(encoding="utf-8").replace("servers: 2\n", "")
    workspace.config.write_text(text, encoding="utf-8")
    refused = run("envoy", "config", "--config", workspace.config)
    assert refused.returncode == 2
    assert "add --servers" in refused.stderr
    assert run("envoy", "config", "--config", workspace.config, "--servers", "3").stdout.count("authz-2.sock") == 1


def test_wrong_address(run: Run, workspace: Workspace) -> None:
    """What is no address is said to be none."""
    refused = run("envoy", "config", "--config", workspace.config, "--listener", "8080")
    assert (refused.returncode, refused.stderr) == (2, "--listener: '8080' is no address; write HOST:PORT\n")
