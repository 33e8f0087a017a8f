"""A real nginx, with the configuration of docs/forward-auth.md, on a free port of loopback."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sidecar.demo.process import Process
from support.ports import free_port
from support.tools import lacking

_PAGE = Path(__file__).parent.parent.parent / "docs/forward-auth.md"
_KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def documented() -> str:
    """Return the configuration as it stands in the documentation."""
    return _PAGE.read_text(encoding="utf-8").partition("```nginx\n")[2].partition("```")[0]


@contextmanager
def running_nginx(folder: Path, places: Mapping[str, str]) -> Iterator[int]:
    """Run it until the context closes, and return its port. ``places`` are put in for those of the documentation."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        lacking("nginx is not installed; on Debian: apt-get install nginx-light")
    port = free_port()
    text = documented()
    for documentation, here in {**places, "127.0.0.1:8000": f"127.0.0.1:{port}"}.items():
        assert documentation in text
        text = text.replace(documentation, here)
    # Debian's places are root's own.
    ours = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in _KINDS)
    (folder / "nginx.conf").write_text(text.replace("http {", f"http {{\naccess_log off;\n{ours}", 1), encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    globally = f"daemon off; worker_processes 1; pid {folder / 'nginx.pid'}; {user}"
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", globally]
    with Process(command, folder / "nginx.log") as process:
        process.wait_for(lambda: _answers(port), "nginx")
        yield port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
