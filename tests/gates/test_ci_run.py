"""``.ci/run``: a gate that could not be run has not passed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "run"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the script, in which ``make`` fails for the goals that the file ``failing`` names."""
    for folder in (".ci", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy(_SCRIPT, tmp_path / ".ci" / "run")
    for name in ("redis-server", "apt-get", "sleep", "docker", "debootstrap"):
        _program(tmp_path / "bin" / name, "exit 0")
    _program(tmp_path / "bin" / "go", "echo go version go1.26.0 linux/amd64")
    _program(tmp_path / "bin" / "dockerd", "echo no cgroups here; exit 1")
    _program(tmp_path / "bin" / "make", 'for last; do :; done\necho "made $*"\n! grep -qxF -- "$last" failing')
    return tmp_path


def _program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _run(
    checkout: Path, failing: str = "", without: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    (checkout / "failing").write_text(f"{failing}\n", encoding="utf-8")
    environment = {"PATH": f"{checkout}/bin:{os.environ['PATH']}", "DOCKER": "docker", **more}
    if without is not None:
        environment["CI_WITHOUT"] = without
    command = ["bash", ".ci/run"]
    return subprocess.run(  # noqa: S603 - our own script
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_all_gates_pass(checkout: Path) -> None:
    """With every tool at hand everything is run."""
    done = _run(checkout)
    assert done.returncode == 0
    assert "NOT RUN" not in done.stdout
    assert {"made lint", "made test", "made h2spec", "made test-k8s", "made fuzz", "made test-apiserver"} <= set(
        done.stdout.splitlines()
    )
    assert "made test-containers " in done.stdout


@pytest.mark.parametrize("without", [None, "", "fuzz", "h2spec-not"])
def test_tool_that_cannot_be_had_fails(without: str | None, checkout: Path) -> None:
    """What was not looked at fails the run, after the other gates were run; the message says how to allow it."""
    done = _run(checkout, ".venv/bin/h2spec", without)
    assert done.returncode == 1
    assert "made fuzz" in done.stdout.splitlines()
    assert 'not run: h2spec; if that is meant: CI_WITHOUT="h2spec" .ci/run' in done.stderr


def test_tool_that_is_not_wanted(checkout: Path) -> None:
    """Whoever names a gate may go without it, and is told."""
    done = _run(checkout, ".venv/bin/h2spec", "fuzz h2spec")
    assert done.returncode == 0
    assert "make h2spec: NOT RUN, as CI_WITHOUT says" in done.stdout
    assert "made fuzz" in done.stdout.splitlines()


@pytest.mark.parametrize("goal", ["lint", "test", "h2spec", "test-k8s", "fuzz", "test-apiserver"])
def test_gate_that_fails(goal: str, checkout: Path) -> None:
    """A gate that was run and failed fails, whatever may be left out."""
    assert _run(checkout, goal, "fuzz h2spec").returncode != 0


@pytest.mark.parametrize("docker", ["exit 1", '[ "$1" != run ]'], ids=["no daemon", "no container"])
def test_no_containers(docker: str, checkout: Path) -> None:
    """Where none can be run, that fails, after the other gates were run and with what the daemon printed."""
    _program(checkout / "bin" / "docker", docker)
    done = _run(checkout)
    assert done.returncode == 1
    assert "made test-containers" not in done.stdout
    assert "made test-apiserver" in done.stdout.splitlines()
    assert "test-containers: NOT RUN: no container can be run here" in done.stdout
    assert ("no cgroups here" in done.stdout) is (docker == "exit 1")
    assert 'CI_WITHOUT="test-containers" .ci/run' in done.stderr


def test_containers_are_not_wanted(checkout: Path) -> None:
    """Whoever names them may go without, and is told."""
    _program(checkout / "bin" / "docker", "exit 1")
    done = _run(checkout, without="test-containers")
    assert done.returncode == 0
    assert "make test-containers: NOT RUN, as CI_WITHOUT says" in done.stdout


@pytest.mark.parametrize(
    ("named", "second", "code"),
    [("echo tests/test_a.py::test_x", "0", 0), ("echo tests/test_a.py::test_x", "1", 2), ("exit 1", "0", 1)],
    ids=["passes alone", "fails again", "may not be run again"],
)
def test_few_that_failed(named: str, second: str, code: int, checkout: Path) -> None:
    """Tests that failed are run once more where `once_more.py` names them, and are named at the end if they pass."""
    _program(checkout / "bin" / "make", f'case "$*" in *last-failed*) exit {second};; test) exit 2;; esac')
    (checkout / ".venv" / "bin").mkdir(parents=True)
    _program(checkout / ".venv" / "bin" / "python", f'case "$1" in *once_more.py) {named};; *) exit 0;; esac')
    done = _run(checkout)
    assert (done.returncode != 0) == (code != 0)
    assert ("failed at first, passed alone; to be mended:\ntests/test_a.py::test_x" in done.stdout) == (code == 0)


@pytest.mark.parametrize(
    ("version", "failing", "wanted", "why"),
    [
        ("go1.19.8", "", "1", "it takes Go 1.26"),
        ("go1.26.0", "kube", "1", "not built within"),
        ("go1.26.0", "", "0", "as CI_APISERVER says"),
    ],
)
def test_no_api_server(version: str, failing: str, wanted: str, why: str, checkout: Path) -> None:
    """Where none can be built, in the time that is left or at all, or none is wanted, that is said."""
    _program(checkout / "bin" / "go", f"echo go version {version} linux/amd64")
    done = _run(checkout, failing, CI_APISERVER=wanted)
    assert done.returncode == 0
    assert "made test-apiserver" not in done.stdout
    assert f"test-apiserver: NOT RUN: {why}" in done.stdout.replace("NOT RUN, ", "NOT RUN: ")
