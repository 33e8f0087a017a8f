"""A sidecar that is started with its standard streams closed."""

import subprocess
import sys
from pathlib import Path

from sidecar.demo.workspace import AUDIENCE, ISSUER, prepare

#: In the program that comes after this one, whatever is opened there.
_NAMES = """
import os, sys
from sidecar.runtime.standard_streams import open_standard_streams
assert open_standard_streams() == {0, 1}
assert open_standard_streams() == frozenset()
code = "import os; os.write(2, ' '.join(os.readlink(f'/proc/self/fd/{one}') for one in (0, 1)).encode())"
os.execv(sys.executable, [sys.executable, "-c", code])
"""


def _run_without_streams(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    shell = ["/bin/sh", "-c", 'exec "$@" <&- >&-', "sh", sys.executable, *command]
    return subprocess.run(shell, cwd=folder, stderr=subprocess.PIPE, text=True, check=False, timeout=60)  # noqa: S603 - ours


def test_no_socket_gets_their_numbers(tmp_path: Path) -> None:
    """There is something in their place, for the processes of ours as well."""
    done = _run_without_streams(tmp_path, "-c", _NAMES)
    assert (done.returncode, done.stderr) == (0, "/dev/null /dev/null")


def test_decisions_are_not_logged_where_nobody_is(tmp_path: Path) -> None:
    """A log on a standard output that is closed is refused at the start."""
    issuers = f'[{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]'
    text = f"listen: unix:{tmp_path}/a.sock\nissuers: {issuers}\ndecision_log: {{stdout: true}}\n"
    made = prepare(tmp_path, text)
    done = _run_without_streams(tmp_path, "-m", "sidecar", "serve", "--config", str(made.config))
    assert done.returncode == 1
    assert "decision_log.stdout: standard output is closed" in done.stderr
