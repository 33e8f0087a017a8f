"""Prometheus' own judgement of an exposition: ``promtool check metrics``."""

import subprocess

from support.prometheus import tool


def complaints(exposition: bytes) -> frozenset[str]:
    """Return what ``promtool check metrics`` has to say; raises ``AssertionError`` where it cannot read it."""
    done = subprocess.run(  # noqa: S603 - Debian's own
        [tool("promtool"), "check", "metrics"], input=exposition, capture_output=True, timeout=60, check=False
    )
    lines = (done.stdout + done.stderr).decode().splitlines()
    # 3: it has complaints, and nothing worse.
    assert done.returncode in (0, 3), lines
    return frozenset(filter(None, lines))
