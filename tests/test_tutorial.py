"""docs/tutorial.md is run as it stands: each block of commands, and what it says that is printed."""

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ports import free_ports

PAGE = Path(__file__).parents[1] / "docs/tutorial.md"
_STEP = re.compile(r"^```sh\n(?P<commands>.*?)^```\n+(?:```text\n(?P<printed>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
_BETWEEN = "---- next ----"


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each step's commands, and what is then to be found among what they print."""
    for match in _STEP.finditer(text):
        yield match["commands"], (match["printed"] or "").splitlines()


@pytest.mark.timeout(180)
def test_the_tutorial_is_true(tmp_path: Path) -> None:
    """Every command does what the page says, one after the other, in one shell; with free ports."""
    text = PAGE.read_text(encoding="utf-8")
    envoy, app, probe, envoy_admin = free_ports(4)
    for usual, free in (("8080", envoy), ("8081", app), ("9190", probe)):
        text = text.replace(f":{usual}", f":{free}").replace(f'", {usual})', f'", {free})')
    # And with time for a machine that has much else to do.
    patient = f"s/9901/{envoy_admin}/; s/timeout: 0.200s/timeout: 10s/; s/maxInterval: 0.100s/maxInterval: 5s/"
    text = text.replace(" >envoy.yaml", f" | sed '{patient}' >envoy.yaml")
    found = list(steps(text))
    assert len(found) > 8
    script = tmp_path / "tutorial.sh"
    # A step that fails is the last one. What is left running ends with the shell.
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    script.write_text("\n".join([*lines, f"\necho '{_BETWEEN}'\n".join(commands for commands, _ in found)]), "utf-8")
    env = os.environ | {
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "AUTHZ_LISTEN": f"unix:{tmp_path}/a.sock",
        "AUTHZ_PROBE_LISTEN": f"127.0.0.1:{probe}",
    }
    done = subprocess.run(  # noqa: S603 - our own page
        ["bash", str(script)],  # noqa: S607
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )
    said = done.stdout.split(_BETWEEN)
    log = tmp_path / "authz.log"
    context = log.read_text("utf-8") if log.exists() else ""
    for (commands, expected), printed in zip(found, said, strict=False):
        at = 0
        for line in expected:
            at = printed.find(line, at)
            assert at >= 0, f"{commands}\nprinted\n{printed}\nwithout\n{line}\n{context}"
    assert done.returncode == 0, done.stdout + context
    assert len(said) == len(found)
