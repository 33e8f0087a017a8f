"""The machine, and how busy it is, for whoever reads the figures."""

import os
from importlib.metadata import version
from pathlib import Path

import pyperf
from peers.tools import output_of

from sidecar.demo.envoy import EnvoyMissingError, find_envoy

_PACKAGES = ("PyNaCl", "cryptography", "PyJWT", "grpcio", "uvloop", "hpack", "xxhash", "numpy", "cel-expr-python")
#: Of pyperf's metadata, by our names.
_KNOWN = {
    "model": "cpu_model_name",
    "affinity": "cpu_affinity",
    "quota": "cpu_quota",
    "platform": "platform",
    "Python": "python_version",
}


def facts(root: Path) -> dict[str, str]:
    """Return what is known, by name; what cannot be found out is left out."""
    known = pyperf.Run([1.0]).get_metadata()
    found = {
        "processors": str(os.cpu_count()),
        **{ours: str(known.get(theirs, "")) for ours, theirs in _KNOWN.items()},
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "Envoy": _envoy(),
        "commit": _commit(root),
    }
    return {name: value for name, value in found.items() if value}


def load() -> float:
    """Return how many processes wanted a processor in the last minute, on average."""
    return os.getloadavg()[0]


def warning(before: float, after: float) -> str:
    """Say whether others were at work, by the loads before and after; empty where all is well.

    What is measured keeps all processors busy by itself, so after it a load of some more than their number is no sign.
    """
    processors = os.cpu_count() or 1
    if before > 0.5 * processors:
        return f"the machine was busy before it began (load {before:.1f} on {processors} processors): take it again"
    if after > 2 * processors:
        return f"the machine got busy meanwhile (load {after:.1f} on {processors} processors): take it again"
    return ""


def _commit(root: Path) -> str:
    commit = output_of(["git", "rev-parse", "--short=12", "HEAD"], root)
    changed = output_of(["git", "status", "--porcelain", "--untracked-files=no"], root)
    return f"{commit}, with changes" if commit and changed else commit


def _envoy() -> str:
    try:
        binary = find_envoy()
    except EnvoyMissingError:
        return ""
    return output_of([binary, "--version"]).rpartition("version: ")[2]
