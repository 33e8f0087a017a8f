"""The wheel that is built is what users get: installed alone into a new environment, it does what the README says.

    python tests/gates/wheel.py FOLDER

Builds the wheel into ``FOLDER``, installs it with the pinned packages, without a checkout in reach, and has it make a
key, check the README's configuration, answer checks and end.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def run(*command: str | Path, cwd: Path = ROOT, expected: int = 0) -> str:
    """Run a command; return what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - ours
    assert done.returncode == expected, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def built(folder: Path) -> Path:
    """Build the wheel."""
    for old in folder.glob("*.whl"):
        old.unlink()
    run(sys.executable, *_PIP, "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def looked_over(names: Sequence[str]) -> None:
    """Only the package is in it, with its types' mark and what it reads while it runs; no tests, no keys."""
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sidecar"}, tops
    assert "sidecar/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names), names
    assert not [name for name in names if name.endswith((".jwk", ".pem", ".pyc"))]
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sidecar").rglob("*") if path.is_file()}
    missing = {name for name in there if "__pycache__" not in name} - set(names)
    assert not missing, missing


def used(python: Path, folder: Path) -> None:
    """Have it do what the README says, from a folder that has no checkout in it."""
    program = python.with_name("authz-sidecar")
    assert "0." in run(program, "--version", cwd=folder)
    assert "demo " in run(program, "--help", cwd=folder)
    run(program, "keys", "generate", "--out", "signing.jwk", "--jwks", "jwks.json", cwd=folder)
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    config = folder / "authz.yaml"
    config.write_text(shown[1].replace("/run/authz/", f"{folder}/"), encoding="utf-8")
    assert "OK" in run(program, "check-config", "authz.yaml", cwd=folder)
    assert "$schema" in json.loads(run(program, "schema", "configuration", cwd=folder))
    # Envoy comes with an extra.
    run(program, "demo", "--once", cwd=folder, expected=3)
    served(program, folder)


def served(program: Path, folder: Path) -> None:
    """Start it, see that it is ready, and end it."""
    environment = {**os.environ, "AUTHZ_PROBE_LISTEN": f"unix:{folder}/probe.sock", "AUTHZ_SERVERS": "1"}
    with subprocess.Popen([program, "serve", "--config", "authz.yaml"], cwd=folder, env=environment) as serving:  # noqa: S603
        try:
            deadline = time.monotonic() + 60
            asking = [str(program), "health"]
            while subprocess.run(asking, cwd=folder, env=environment, capture_output=True, check=False).returncode:  # noqa: S603
                assert serving.poll() is None, "it has ended"
                assert time.monotonic() < deadline, "it is not ready"
                time.sleep(0.2)
        finally:
            serving.terminate()
        assert serving.wait(30) == 0


def main() -> None:
    """Build, look, install, use."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = built(folder)
    with zipfile.ZipFile(wheel) as opened:
        looked_over(opened.namelist())
    with tempfile.TemporaryDirectory(prefix="whl-") as name:
        place = Path(name)
        venv.create(place / "venv", with_pip=True)
        python = place / "venv/bin/python"
        run(python, *_PIP, "install", "--constraint", ROOT / "constraints.txt", wheel)
        run(python, *_PIP, "check")
        used(python, place)
    sys.stdout.write(f"{wheel.name}: installed alone, it works\n")


if __name__ == "__main__":
    main()
