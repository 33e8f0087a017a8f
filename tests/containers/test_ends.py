"""How a container of the image ends: SIGTERM, SIGKILL, want of memory; and what becomes of requests meanwhile."""

import re
import threading
from functools import partial
from pathlib import Path

import pytest

from support.containers import Boxes, boxes, exit_code, printed
from support.load import Load
from support.processes import eventually, name_of

pytestmark = pytest.mark.timeout(300)


def _request(token: str, number: int) -> bytes:
    return f"GET /orders/{number} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode()


def _load(both: Boxes, least: int = 0) -> Load:
    return Load(both.port, partial(_request, both.workspace.token()), connections=8, least=least)


def _passes(both: Boxes) -> bool:
    return both.ask(both.workspace.token()).status == 200


def test_graceful_stop_under_load() -> None:
    """``docker stop``, as the end of a Pod has it: the sidecar is told first, and answers until Envoy has ended."""
    with boxes() as both:
        with _load(both) as load:
            assert eventually(lambda: load.answered > 500)
            stopping = threading.Thread(target=partial(both.sidecar.stop, timeout=30))
            stopping.start()
            assert eventually(lambda: "draining" in printed(both.sidecar)), printed(both.sidecar)
            seen = load.answered
            assert eventually(lambda: load.answered > seen + 500), load.statuses
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        both.envoy.stop(timeout=10)
        stopping.join(60)
        assert exit_code(both.sidecar) == 0, printed(both.sidecar)


def test_killed_container_comes_back() -> None:
    """SIGKILL leaves its sockets behind; the next one replaces them, and Envoy finds it again."""
    with boxes() as both:
        assert _passes(both)
        both.sidecar.kill()
        exit_code(both.sidecar)
        assert both.ask(both.workspace.token()).status == 503
        both.sidecar.start()
        assert eventually(partial(_passes, both)), printed(both.sidecar)


def test_verifier_is_killed_for_want_of_memory() -> None:
    """The kernel ends one process of the container's; every request is answered, and the process replaced."""
    with boxes(mem_limit="700m", memswap_limit="700m") as both:
        victim = _pid(both, "authz-verifier-0")
        # The kernel chooses by size; in a container whose verifier is not the largest it has to be told.
        Path(f"/proc/{victim}/oom_score_adj").write_text("1000", encoding="ascii")
        with _load(both, least=2000) as load:
            both.sidecar.exec_run(["/opt/authz/bin/python", "-c", _HOG], detach=True)
            assert eventually(lambda: _pid(both, "authz-verifier-0") not in {victim, 0}, 90), printed(both.sidecar)
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        assert re.search(r"verifier-0 ended: signal 9", printed(both.sidecar)), printed(both.sidecar)


#: Takes memory until something of the container's has to end; what it took last, it gives back.
_HOG = """
import os
took = []
before = {n for n in os.listdir('/proc') if n.isdigit()}
for _ in range(700):
    took.append(b'x' * (1 << 20))
    if not before <= {n for n in os.listdir('/proc') if n.isdigit()}:
        break
"""


def _pid(both: Boxes, name: str) -> int:
    """Return the process of this name in the sidecar's container, as this machine numbers it; 0 where there is none."""
    found = [pid for row in both.sidecar.top()["Processes"] if name_of(pid := int(row[1])) == name[:15]]
    return found[0] if found else 0
