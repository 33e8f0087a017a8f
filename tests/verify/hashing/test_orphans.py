"""Workers whose pool's process is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from memory.denylists import environment

PROGRAM = Path(__file__).parent / "programs" / "hold_pool.py"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_no_worker_outlives_its_pool(method: str) -> None:
    """When the process with the pool is killed its workers end by themselves, however they were started."""
    words = [sys.executable, str(PROGRAM), method]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment()) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        # The workers have it as their standard output too: it ends when the last of them has.
        assert process.stdout.read() == b""
