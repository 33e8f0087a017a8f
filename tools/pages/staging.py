"""Which files the site has, and what becomes of links to folders."""

import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

#: The first of each name is where a reader begins.
STARTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")
_LINK = re.compile(r"(?<=\]\()([^)#:\s]+)(#[^)]*)?(?=\))")
_CODE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
_INDEX = "README.md"


class MissingError(Exception):
    """A page links to what is not there."""


def stage(root: Path, target: Path) -> None:
    """Write into ``target``, which is made anew, what the site is made of; raises ``MissingError``."""
    shutil.rmtree(target, ignore_errors=True)
    waiting = [path for pattern in STARTS for path in sorted(root.glob(pattern))]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        for found in _put(path, root, target):
            if found not in seen:
                seen.add(found)
                waiting.append(found)


def _put(path: Path, root: Path, target: Path) -> Iterator[Path]:
    """Write a page, file or folder into the site; yield what it leads to."""
    place = target / path.relative_to(root)
    if path.is_dir():
        place = place / _INDEX
        text = listing(path, root)
    elif path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    base = path if path.is_dir() else path.parent
    place.write_text(_with_links(text, base), encoding="utf-8")
    yield from _linked(text, base, path)


def listing(folder: Path, root: Path) -> str:
    """Return a page that lists a folder, in which there is no README: files, and folders with anything in them."""
    entries = sorted(one for one in folder.iterdir() if not one.name.startswith((".", "__pycache__")))
    lines = [f"- [{one.name}{'/' if one.is_dir() else ''}]({one.name})" for one in entries]
    return "\n".join([f"# {folder.relative_to(root).as_posix()}", "", *lines, ""])


def _linked(text: str, base: Path, page: Path) -> Iterator[Path]:
    for match in _LINK.finditer(_CODE.sub("", text)):
        # Not resolved: a symbolic link is shown where it is.
        found = Path(posixpath.normpath(base / match[1]))
        if not found.exists():
            raise MissingError(f"{page}: links to {match[1]}, which is not there")
        yield found / _INDEX if found.is_dir() and (found / _INDEX).exists() else found


def _with_links(text: str, base: Path) -> str:
    """Return a page whose links to folders lead to their first page."""

    def index(match: re.Match[str]) -> str:
        name = match[1].rstrip("/")
        return f"{name}/{_INDEX}{match[2] or ''}" if (base / name).is_dir() else match[0]

    return _LINK.sub(index, text)
