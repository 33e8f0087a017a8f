"""``envoy config``: a bootstrap that fits the sidecar's configuration."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.demo.envoy import find_envoy
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


def test_traces(run: Run, workspace: Workspace) -> None:
    """Envoy has a collector to send spans to where one is named; and the sidecar is sent whose trace it is."""
    text = workspace.config.read_text(encoding="utf-8")
    workspace.config.write_text(
        text + "\ntracing: {endpoint: 'http://127.0.0.1:4317', request_header: parent}\n", encoding="utf-8"
    )
    command = ("envoy", "config", "--config", workspace.config, "--json", "--trace-to", "127.0.0.1:4317")
    document = json.loads(run(*command, "--trace-percent", "5").stdout)
    manager = document["staticResources"]["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    assert manager["tracing"]["randomSampling"] == {"value": 5.0}
    assert {"exact": "traceparent"} in _filter(document)["allowedHeaders"]["patterns"]
    refused = run(*command[:-1], "nowhere")
    assert (refused.returncode, refused.stderr) == (2, "trace_to: write IP:PORT or NAME:PORT\n")


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


_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_OWN = """\
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
    - name: own
      address: {socket_address: {address: 127.0.0.1, port_value: 0}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/{manager}
                stat_prefix: own
                route_config:
                  virtual_hosts:
                    - {name: own, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: own}}]}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
    - name: own
      load_assignment:
        cluster_name: own
        endpoints:
          - lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]
"""


@pytest.mark.parametrize("only", [("filter", "cluster"), ("filter", "cluster", "manager", "routes")])
def test_parts_in_a_bootstrap_of_one_s_own(run: Run, workspace: Workspace, only: tuple[str, ...]) -> None:
    """Parts, put where their names say, make a configuration that Envoy takes; each is as in the whole."""
    options = [option for name in only for option in ("--only", name)]
    printed = run("envoy", "config", "--config", workspace.config, *options)
    assert printed.returncode == 0, printed.stderr
    parts = YAML(typ="safe").load(printed.stdout)
    own = YAML(typ="safe").load(_OWN.replace("{manager}", _MANAGER))
    manager = own["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    host = manager["route_config"]["virtual_hosts"][0]
    own["static_resources"]["clusters"] += parts.pop("clusters")
    manager["http_filters"] = [*parts.pop("httpFilters"), *manager["http_filters"]]
    if "routes" in only:
        host["routes"] = [*parts.pop("routes"), *host["routes"]]
        for name in ("typedPerFilterConfig", "requestHeadersToRemove"):
            host |= {name: parts.pop(name)} if name in parts else {}
    manager |= parts
    bootstrap = workspace.folder / "own.json"
    bootstrap.write_text(json.dumps(own), encoding="utf-8")
    command = [find_envoy(), "--mode", "validate", "-c", str(bootstrap), "--log-level", "error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout.strip()) == (0, f"configuration '{bootstrap}' OK")


def test_parts_are_the_whole_s(run: Run, workspace: Workspace) -> None:
    """What a part has stands in the whole as well, and the application's cluster and routes in none."""
    command = ("envoy", "config", "--config", workspace.config, "--json")
    whole = run(*command).stdout
    for name in ("filter", "cluster", "manager", "routes"):
        part = run(*command, "--only", name).stdout
        for value in json.loads(part).values():
            assert json.dumps(value)[1:-1] in json.dumps(json.loads(whole))
        assert '"app"' not in part


def test_files_for_xds(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """With --xds nothing is printed: the folder has a bootstrap, and what it names, as Envoy sees it."""
    done = run("envoy", "config", "--config", workspace.config, "--xds", tmp_path, "--xds-as", "/etc/envoy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    bootstrap = json.loads((tmp_path / "bootstrap.json").read_text(encoding="utf-8"))
    (path,) = (one["pathConfigSource"]["path"] for one in [bootstrap["dynamicResources"]["ldsConfig"]])
    assert path == "/etc/envoy/listeners.json"
    assert (tmp_path / "listeners.json").is_file()


@pytest.mark.parametrize("others", [("--only", "filter"), ("--json",)])
def test_parts_are_not_for_xds(others: tuple[str, ...], run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """What would be left out of the files is said."""
    refused = run("envoy", "config", "--config", workspace.config, "--xds", tmp_path, *others)
    assert refused.returncode == 2
    assert "leave out --only" in refused.stderr
    assert not (tmp_path / "listeners.json").exists()
