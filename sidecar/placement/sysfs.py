"""Small files of a kernel tree, read with the path in every error."""

import re
from pathlib import Path

from sidecar.placement.cpulist import CpuListError, parse_cpulist

_INTEGER = re.compile(r"-?[0-9]{1,9}", re.ASCII)


class TopologyError(ValueError):
    """A /sys tree that cannot be read or contradicts itself. The message names the file and what was expected."""


def read_text(path: Path) -> str | None:
    """Return what a file says, without white space around it; ``None`` where it is missing.

    Bytes that are not ASCII are replaced, so that the parser refuses them. Raises ``TopologyError`` where the file is
    there and cannot be read.
    """
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}") from None


def read_cpulist(path: Path) -> frozenset[int] | None:
    """Return the CPUs that a file lists; ``None`` where it is missing. Raises ``TopologyError``."""
    text = read_text(path)
    if text is None:
        return None
    try:
        return parse_cpulist(text)
    except CpuListError as error:
        raise TopologyError(f"{path}: {error}") from None


def read_identifier(path: Path) -> int | None:
    """Return the number in a file; ``None`` where it is missing or negative, which is the kernel's "not known"."""
    text = read_text(path)
    if text is None:
        return None
    if _INTEGER.fullmatch(text) is None:
        raise TopologyError(f"{path}: {text[:40]!r} is no number")
    number = int(text)
    return number if number >= 0 else None


def numbered(folder: Path, name: str) -> list[int]:
    """Return N of every ``nameN`` in ``folder``, ascending; nothing where the folder is missing."""
    if not folder.is_dir():
        return []
    entry = re.compile(re.escape(name) + "([0-9]{1,6})", re.ASCII)
    return sorted(int(match[1]) for path in folder.iterdir() if (match := entry.fullmatch(path.name)))
