"""An Envoy that takes listeners, clusters and the sidecar's endpoints out of files, and new ones while load runs."""

import dataclasses
import http.client
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from sidecar.cli.envoy_xds import write
from sidecar.demo.client import Call, send
from sidecar.demo.envoy import admin_port, find_envoy, is_ready, listener_port
from sidecar.demo.process import Process
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.upstream import EchoUpstream
from sidecar.demo.workspace import CONFIGURATION, Workspace, prepare
from sidecar.envoy_config.dynamic import BOOTSTRAP, CLUSTERS, ENDPOINTS, LISTENERS, resources
from sidecar.envoy_config.matching import options_for
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust
from support.load import Load
from support.mounted import exchange
from support.processes import eventually
from support.stacks import PATIENT

_CONFIGURATION = CONFIGURATION.replace("servers: 2", "servers: 3")


@dataclass
class Dynamic:
    """A running Envoy, and the folder that it watches."""

    workspace: Workspace
    options: EnvoyOptions
    folder: Path
    envoy: Process
    turn: int = field(default=1)

    @property
    def port(self) -> int:
        """Return where clients connect."""
        return listener_port(self.workspace.folder)

    def exchange(self, options: EnvoyOptions, **instead: str) -> None:
        """Have the files say ``options``, but for those whose text is given, by their names before the dot."""
        self.turn += 1
        texts = {f"{name}.json": text for name, text in instead.items()}
        exchange(self.folder, self.turn, {**resources(options, str(self.folder)), **texts})

    def statistic(self, name: str) -> int:
        """Return one of Envoy's counters or gauges; 0 where there is none yet."""
        found = json.loads(self._admin(f"/stats?filter=^{name.replace('.', '%5C.')}$&format=json"))["stats"]
        return int(found[0]["value"]) if found and "value" in found[0] else 0

    def asked(self) -> list[str]:
        """Return the sockets that Envoy would ask, those that it takes for well."""
        clusters = json.loads(self._admin("/clusters?format=json"))["cluster_statuses"]
        hosts = next(one.get("host_statuses", []) for one in clusters if one["name"] == "authz")
        healthy = {"eds_health_status": "HEALTHY"}
        return sorted(one["address"]["pipe"]["path"] for one in hosts if one["health_status"] == healthy)

    def _admin(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", admin_port(self.workspace.folder) or 0, timeout=20)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def dynamic() -> Iterator[Dynamic]:
    """Run the sidecar with three servers, and an Envoy that is told of the first alone."""
    with tempfile.TemporaryDirectory(prefix="xds-") as name, ExitStack() as stack:
        workspace = prepare(Path(name), _CONFIGURATION)
        sidecar = stack.enter_context(start_sidecar(workspace))
        upstream = stack.enter_context(EchoUpstream())
        trust = load_trust(load_configuration(workspace.config, os.environ)).trust
        whole = dataclasses.replace(
            options_for(trust, tuple(sorted(sidecar_addresses(sidecar), key=len)), None),
            listener_port=0,
            admin_port=0,
            upstream_port=upstream.port,
            timeout_seconds=PATIENT,
        )
        watched = workspace.folder / "xds"
        watched.mkdir()
        exchange(watched, 1, resources(_with(whole, 0), str(watched)))
        flags = ("--disable-hot-restart", "--concurrency", "2", "--log-level", "warn")
        admin = ("--admin-address-path", str(workspace.folder / "envoy-admin.txt"))
        command = [find_envoy(), "-c", str(watched / BOOTSTRAP), *admin, *flags]
        envoy = stack.enter_context(Process(command, workspace.folder / "envoy.log"))
        envoy.wait_for(lambda: is_ready(workspace.folder), "Envoy")
        found = Dynamic(workspace, whole, watched, envoy)
        assert eventually(lambda: found.statistic("listener_manager.listener_create_success") > 0)
        yield found


def _with(options: EnvoyOptions, *servers: int) -> EnvoyOptions:
    return dataclasses.replace(options, authz_addresses=tuple(options.authz_addresses[one] for one in servers))


def _sockets(options: EnvoyOptions) -> list[str]:
    return sorted(one.removeprefix("unix:") for one in options.authz_addresses)


def test_endpoints_change_while_load_runs(dynamic: Dynamic) -> None:
    """No request fails while the servers that Envoy asks become others, and the files are those of a ConfigMap."""
    token = dynamic.workspace.token()
    request = f"GET /orders/1 HTTP/1.1\r\nhost: a.example\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    with Load(dynamic.port, lambda _: request, connections=8) as load:
        for servers in ((0,), (0, 1, 2), (1, 2), (2,), (0, 1)):
            told = _with(dynamic.options, *servers)
            dynamic.exchange(told)
            assert eventually(partial(_asks, dynamic, told)), dynamic.envoy.printed()
            assert eventually(partial(_goes_on, load, load.answered + 300))
        load.finish()
        assert set(load.statuses) == {"200"}, load.statuses


def _asks(dynamic: Dynamic, told: EnvoyOptions) -> bool:
    return dynamic.asked() == _sockets(told)


def _goes_on(load: Load, answered: int) -> bool:
    return load.answered > answered


def test_what_is_not_valid_is_refused(dynamic: Dynamic) -> None:
    """Files that Envoy does not understand change nothing, and are counted."""
    dynamic.exchange(dynamic.options)
    assert eventually(lambda: dynamic.asked() == _sockets(dynamic.options))
    before = {name: dynamic.statistic(f"{name}.update_rejected") for name in _REJECTED}
    failed = dynamic.statistic("listener_manager.lds.update_failure") + sum(before.values())
    dynamic.exchange(dynamic.options, endpoints='{"resources": [{"@type": "no.such"}]}', listeners="{", clusters="{")
    assert eventually(
        lambda: (
            dynamic.statistic("listener_manager.lds.update_failure")
            + sum(dynamic.statistic(f"{name}.update_rejected") for name in _REJECTED)
            > failed
        )
    )
    assert dynamic.asked() == _sockets(dynamic.options)
    headers = [("authorization", f"Bearer {dynamic.workspace.token()}")]
    assert send(dynamic.port, Call("GET", "/orders/1", headers)).status == 200
    assert send(dynamic.port, Call("GET", "/orders/1")).reason == "no_credential"


_REJECTED = ("cluster.authz", "cluster_manager.cds", "listener_manager.lds")


def test_listener_changes(dynamic: Dynamic) -> None:
    """A header that becomes the sidecar's own is taken off what clients send, without a restart."""
    call = Call("GET", "/orders/1", [("authorization", f"Bearer {dynamic.workspace.token()}"), ("x-new", "forged")])
    dynamic.exchange(dynamic.options)
    assert eventually(lambda: "x-new" in _names(dynamic, call))
    dynamic.exchange(
        dataclasses.replace(dynamic.options, identity_headers=(*dynamic.options.identity_headers, "x-new"))
    )
    assert eventually(lambda: "x-new" not in _names(dynamic, call))


def _names(dynamic: Dynamic, call: Call) -> set[str]:
    answer = send(dynamic.port, call)
    assert answer.status == 200
    return {name for name, _ in answer.upstream_headers or ()}


def test_files_are_put_in_place_by_a_rename(tmp_path: Path) -> None:
    """What has not changed stays as it is; what has is another file, and nothing else is left."""
    options = EnvoyOptions()
    write(resources(options, "/etc/envoy"), tmp_path)
    names = {BOOTSTRAP, CLUSTERS, ENDPOINTS, LISTENERS}
    assert {one.name for one in tmp_path.iterdir()} == names
    before = {name: (tmp_path / name).stat().st_ino for name in names}
    more = dataclasses.replace(options, authz_addresses=("unix:/run/authz/a.sock", "unix:/run/authz/b.sock"))
    write(resources(more, "/etc/envoy"), tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == names
    assert {name for name in names if (tmp_path / name).stat().st_ino != before[name]} == {ENDPOINTS}


def test_folder_is_one_that_envoy_sees() -> None:
    """A path that is not absolute would depend on where Envoy was started."""
    with pytest.raises(ValueError, match="folder"):
        resources(EnvoyOptions(), "xds")
