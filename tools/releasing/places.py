"""Where files that are checked in name the version of a release: Helm's chart, the images in ``k8s``, and its page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_VERSION = r"(?P<version>\d+\.\d+\.\d+(?:[a-z]+\d+)?)"
#: What stands before it, by the name of a file.
_IMAGE = re.compile(rf"(?<![\w-])ext-authz-sidecar:{_VERSION}")
_TAG = re.compile(rf"name: ext-authz-sidecar\n\s+newTag: {_VERSION}$", re.MULTILINE)
_CHART = re.compile(rf"^(?:appV|v)ersion: {_VERSION}$", re.MULTILINE)
_BY_NAME = {"kustomization.yaml": (_TAG, _IMAGE), "Chart.yaml": (_CHART,)}
#: Of what is looked at.
_FOLDERS, _ENDINGS = ("k8s", "envoy", "docs", "README.md"), {".yaml", ".yml", ".md", ".json", ".tpl"}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file (``line`` is counted from 1) and the version that stands there."""

    file: Path
    line: int
    start: int
    end: int
    version: str


def places(root: Path) -> Iterator[Place]:
    """Yield each place in the files of a checkout, in their order."""
    for file in _files(root):
        text = file.read_text(encoding="utf-8")
        for pattern in _BY_NAME.get(file.name, (_IMAGE,)):
            for found in pattern.finditer(text):
                start, end = found.span("version")
                yield Place(file, text.count("\n", 0, start) + 1, start, end, found["version"])


def write(root: Path, version: str) -> list[Path]:
    """Have each of them name ``version``; return the files that were changed."""
    changed = dict[Path, str]()
    # From each file's end, so that what stands before it stays where it was found.
    for place in sorted(places(root), key=lambda one: (one.file, -one.start)):
        if place.version != version:
            text = changed.get(place.file) or place.file.read_text(encoding="utf-8")
            changed[place.file] = text[: place.start] + version + text[place.end :]
    for file, text in changed.items():
        file.write_text(text, encoding="utf-8")
    return list(changed)


def _files(root: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        top = root / name
        found = (
            [top]
            if top.is_file()
            else sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
        )
        yield from (path for path in found if path.suffix in _ENDINGS)
