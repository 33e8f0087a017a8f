"""Every process of the sidecar is killed in turn under load: not one request fails, with the generated time-out."""

import http.client
import json
import os
import signal
from collections.abc import Callable
from functools import partial

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION, Workspace
from support.load import Load
from support.processes import descendants, eventually
from support.sidecars import Sidecar
from support.stacks import running_stack

#: Requests in all, as the product promises.
#: Envoy's time-out. The generated 0.2 is enough where each process has its share of a processor (docs/operating.md);
#: a machine that runs other tests beside may not give that.
CI_SECONDS = 1.0
REQUESTS = 20_000
#: One token in so many is new: it is verified, and the others are remembered.
NEW = 10
_CONFIGURATION = CONFIGURATION.replace("listen: false", 'listen: "127.0.0.1:0"') + "verification_workers: 1\n"


def _requests(workspace: Workspace) -> Callable[[int], bytes]:
    known = [workspace.token(jti=str(number)) for number in range(50)]

    def request(number: int) -> bytes:
        token = workspace.token(jti=f"new-{number}") if number % NEW == 0 else known[number % len(known)]
        return f"GET /orders/1 HTTP/1.1\r\nhost: a.example\r\nauthorization: Bearer {token}\r\n\r\n".encode()

    return request


def _forkserver(sidecar: Sidecar) -> int:
    return next(pid for pid in sidecar.pids() if any(descendants(pid)))


def _is_replaced(sidecar: Sidecar, name: str, old: int) -> bool:
    try:
        return sidecar.pid(name) != old
    except ProcessLookupError:
        return False


def _settle(stack: Stack, sidecar: Sidecar, load: Load) -> None:
    """Wait until all is well again, for Envoy as well, which takes a server back when it was healthy for a while."""
    assert eventually(sidecar.is_ready), sidecar.printed()
    before = load.answered
    assert eventually(lambda: load.answered > before + 200)
    assert eventually(lambda: _all_are_healthy(stack.envoy.admin_port))


def _all_are_healthy(admin_port: int) -> bool:
    """Say whether Envoy would send checks to every server."""
    connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=20)
    try:
        connection.request("GET", "/clusters?format=json")
        clusters = json.loads(connection.getresponse().read())["cluster_statuses"]
    finally:
        connection.close()
    hosts = next(one["host_statuses"] for one in clusters if one["name"] == "authz")
    return all(host["health_status"] == {"eds_health_status": "HEALTHY"} for host in hosts)


@pytest.mark.timeout(240)
def test_no_request_fails_while_every_process_is_killed() -> None:
    """Servers, verifier, control and the fork server are killed, then the configuration is read anew."""
    environment = {"AUTHZ_PROCESS_START_METHOD": "forkserver"}
    with running_stack(_CONFIGURATION, environment, timeout_seconds=CI_SECONDS) as stack:
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert eventually(sidecar.is_ready)
        with Load(stack.envoy.port, _requests(stack.workspace), least=REQUESTS) as load:
            for name in ("server-0", "server-1", "verifier-0", "control"):
                _settle(stack, sidecar, load)
                assert eventually(partial(_is_replaced, sidecar, name, sidecar.kill(name)))
            _settle(stack, sidecar, load)
            os.kill(_forkserver(sidecar), signal.SIGKILL)
            _settle(stack, sidecar, load)
            _reload(stack, sidecar)
            load.finish()
            assert set(load.statuses) == {"200"}, load.statuses
            assert load.answered >= REQUESTS


def _reload(stack: Stack, sidecar: Sidecar) -> None:
    config = stack.workspace.config
    config.write_text(config.read_text(encoding="utf-8").replace("/public/*", "/open/*"), encoding="utf-8")
    stack.sidecar.signal(signal.SIGHUP)
    assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()
