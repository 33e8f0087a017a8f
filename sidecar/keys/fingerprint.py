"""Whether files have changed, without reading them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

State = tuple[int, int, int, int]
#: Files, and what changes when one of them does: times, size and inode, links followed; ``None`` for one that is not
#: there. Kubernetes replaces the files of a ConfigMap or Secret by exchanging a link; ``chmod`` changes ctime alone.
Fingerprint = Mapping[Path, State | None]


def fingerprint(files: Iterable[Path]) -> Fingerprint:
    """Look at files."""
    return {file: look(file) for file in files}


def look(file: Path) -> State | None:
    """Look at one; ``None`` for one that is not there."""
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
