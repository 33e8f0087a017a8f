"""``requirements/``, by which the image is made: as pyproject.toml and constraints.txt have it, each by hash."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parents[2]
_PIN = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ;[^\\]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE
)


def _pins(name: str) -> dict[str, tuple[str, int]]:
    """Return the packages of a lock: version, and number of hashes."""
    text = (_ROOT / "requirements" / name).read_text(encoding="utf-8")
    found: dict[str, tuple[str, int]] = {
        canonicalize_name(one[1]): (one[2], one[3].count("--hash")) for one in _PIN.finditer(text)
    }
    assert len(found) == len(re.findall(r"^[^ #].*==", text, re.MULTILINE)), "a line that is not understood"
    return found


def _constraints() -> dict[str, str]:
    lines = (_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("==") for line in lines if "==" in line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, _, version in pairs}


def _needed(requirements: list[str]) -> set[str]:
    """Return all that these need, and what that needs."""
    todo, found = [Requirement(one) for one in requirements], set[str]()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name in found or (one.marker is not None and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        todo += [Requirement(further) for further in requires(name) or ()]
    return found


def test_lock_is_of_today() -> None:
    """Everything that the sidecar needs is in it; where this fails: make lock."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    missing = _needed(ours) - _pins("run.lock").keys()
    assert not missing, missing


@pytest.mark.parametrize("name", ["run.lock", "build.lock"])
def test_pins_are_what_was_tested(name: str) -> None:
    """Each has the version that the tests run with, and at least one hash."""
    constraints, pins = _constraints(), _pins(name)
    assert pins
    assert {one: version for one, (version, _) in pins.items() if constraints.get(one) != version} == {}
    assert all(hashes for _, hashes in pins.values())
