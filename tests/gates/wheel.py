"""The wheel that is built is what users get: installed alone, by pip and by pipx, it does what the README says.

    python tests/gates/wheel.py FOLDER

Builds the wheel into ``FOLDER``, installs it with the pinned packages, which are fetched once, without a checkout in
reach, and has it make a key, check the README's configuration, answer checks and end. pipx then has what was fetched.
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


def run(*command: str | Path, cwd: Path = ROOT, expected: int = 0, env: dict[str, str] | None = None) -> str:
    """Run a command; return what it printed."""
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600
    )
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


def fetched(wheel: Path, folder: Path) -> dict[str, str]:
    """Fetch all that it needs, and pip; return the environment in which pip installs from there alone."""
    pins = ROOT / "constraints.txt"
    run(
        sys.executable,
        *_PIP,
        "download",
        "--dest",
        folder,
        "--constraint",
        pins,
        "--only-binary",
        ":all:",
        wheel,
        "pip",
    )
    return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONSTRAINT": str(pins)}


def used_by_pipx(wheel: Path, folder: Path, offline: dict[str, str]) -> None:
    """Have pipx install it, ask it who it is, and have pipx take it away again."""
    names = {"PIPX_HOME": "home", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man"}
    environment = offline | {name: str(folder / "pipx" / below) for name, below in names.items()}
    pipx = (sys.executable, "-m", "pipx")
    run(*pipx, "install", "--pip-args=--no-compile", wheel, cwd=folder, env=environment)
    program = folder / "pipx/bin/authz-sidecar"
    assert run(program, "--version", cwd=folder).split()[-1] == wheel.name.split("-")[1]
    assert "OK" in run(program, "check-config", "authz.yaml", cwd=folder)
    run(*pipx, "uninstall", "ext-authz-sidecar", cwd=folder, env=environment)
    assert not program.exists()


def used(python: Path, folder: Path, version: str) -> None:
    """Have it do what the README says, from a folder that has no checkout in it."""
    program = python.with_name("authz-sidecar")
    assert run(program, "--version", cwd=folder).split()[-1] == version
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
        offline = fetched(wheel, place / "packages")
        run(python, *_PIP, "install", wheel, env=offline)
        run(python, *_PIP, "check")
        used(python, place, wheel.name.split("-")[1])
        used_by_pipx(wheel, place, offline)
    sys.stdout.write(f"{wheel.name}: installed alone, by pip and by pipx, it works\n")


if __name__ == "__main__":
    main()
