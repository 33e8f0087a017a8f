"""Whether a checkout is that of a release: everything names the same version, which is the one git's tag makes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from releasing import notes
from releasing.places import places

#: As pyproject.toml's tag-pattern.
_TAG = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")


class NoReleaseError(Exception):
    """What was asked for is no release's version or tag."""


def version_of(tag: str) -> str:
    """Return the version that a tag names; raises ``NoReleaseError``."""
    found = _TAG.fullmatch(tag)
    if found is None:
        raise NoReleaseError(f"{tag!r} is no tag of a release; v1.2.3, or v1.2.3rc1, is")
    return found[1]


def problems(root: Path, tag: str) -> Iterator[str]:
    """Yield each reason for which this checkout is not the release ``tag``; raises ``NoReleaseError``."""
    version = version_of(tag)
    named = list(places(root))
    if not named:
        yield "no manifest names a version"
    for place in named:
        if place.version != version:
            yield f"{place.file.relative_to(root)}:{place.line}: names {place.version}, and not {version}"
    yield from notes.problems(root, version)
    made = _output(root, sys.executable, "-m", "hatchling", "version")
    if made != version:
        yield f"git makes this tree {made}, and not {version}: is {tag} at this commit, and nothing changed?"
    if left := _output(root, "git", "status", "--porcelain"):
        yield f"what is not committed would be in the release: {', '.join(line[3:] for line in left.splitlines())}"


def _output(root: Path, *command: str) -> str:
    """Return what a command printed; raises ``NoReleaseError`` with what it complained of."""
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - ours
    if done.returncode:
        raise NoReleaseError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.rstrip()
