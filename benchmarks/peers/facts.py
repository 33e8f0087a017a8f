"""Machine, versions and commit, for whoever reads the figures."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peers.contenders.go import SOURCE
from peers.tools import Tools, output_of

_PACKAGES = ("uvloop", "hpack", "grpcio", "protobuf", "PyNaCl")


def facts(tools: Tools, root: Path) -> dict[str, str]:
    """Return what is known, by name; what cannot be found out is left out."""
    found = {
        "processor": _processor(),
        "processors": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "commit": _commit(root),
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name))),
        "Envoy": output_of([tools.path("envoy"), "--version"]).rpartition("version: ")[2],
        "wrk": _first_line([tools.find("wrk") or "wrk", "-v"]).partition(" Copyright")[0],
        "vegeta": _go_module(tools, "vegeta"),
        "Go": _first_line([tools.find("go") or "go", "version"]),
        "Go modules": _go_modules(),
    }
    if tools.opa:
        lines = output_of([str(tools.opa), "version"]).splitlines()
        found["OPA"] = ", ".join(line for line in lines if line.startswith(("Version: 1", "Version: 0", "Go Version")))
    return {name: value for name, value in found.items() if value}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit(root: Path) -> str:
    commit = output_of(["git", "rev-parse", "--short=12", "HEAD"], root)
    changed = output_of(["git", "status", "--porcelain", "--untracked-files=no"], root)
    return f"{commit}, with changes" if commit and changed else commit


def _go_modules() -> str:
    wanted = ("google.golang.org/grpc ", "github.com/envoyproxy/go-control-plane/envoy ")
    lines = (SOURCE / "go.mod").read_text(encoding="utf-8").splitlines()
    return ", ".join(line.strip() for line in lines if line.strip().startswith(wanted))


def _go_module(tools: Tools, name: str) -> str:
    """Return the version that a program built by ``go install`` says of its module."""
    go, program = tools.find("go"), tools.find(name)
    lines = output_of([go, "version", "-m", program]).splitlines() if go and program else []
    return next((line.split()[2] for line in lines if line.split()[:1] == ["mod"]), "")


def _first_line(command: list[str]) -> str:
    return (output_of(command).splitlines() or [""])[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
