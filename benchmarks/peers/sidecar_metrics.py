"""What a running sidecar counts."""

import http.client
import re

from sidecar.demo.process import Process

_ADDRESS = re.compile(r"HTTP on (\S+)")
_ALLOWED = re.compile(r'^authz_checks_total\{[^}]*outcome="allowed"[^}]*\} (\S+)$', re.MULTILINE)


def allowed_checks(sidecar: Process) -> float:
    """Return the checks that were allowed so far, of all reasons and servers."""
    # The control process says where, and may do so after the servers answer.
    sidecar.wait_for(lambda: _ADDRESS.search(sidecar.printed()) is not None, "the sidecar's metrics")
    return read_allowed(_metrics(_ADDRESS.findall(sidecar.printed())[-1]))


def read_allowed(exposition: str) -> float:
    """Return the same from the text of ``/metrics``."""
    return sum(map(float, _ALLOWED.findall(exposition)))


def _metrics(address: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
