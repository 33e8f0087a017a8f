"""What people read of a release: its sections in CHANGELOG.md and in docs/upgrading.md."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

_UNRELEASED, _NEXT = "## [Unreleased]", "## To the next release"
_DATED = r" - (?P<date>\d{4}-\d\d-\d\d)"


def begin(root: Path, version: str, day: date) -> None:
    """Give what is not released yet the release's name: ``[Unreleased]`` and ``To the next release``."""
    for name, old, new in (
        ("CHANGELOG.md", _UNRELEASED, f"{_UNRELEASED}\n\n## [{version}] - {day.isoformat()}"),
        ("docs/upgrading.md", _NEXT, f"{_NEXT}\n\nNothing yet.\n\n## To {version}"),
    ):
        file = root / name
        text = file.read_text(encoding="utf-8")
        if text.count(f"{old}\n") == 1:
            file.write_text(text.replace(f"{old}\n", f"{new}\n"), encoding="utf-8")


def problems(root: Path, version: str) -> Iterator[str]:
    """Yield what keeps them from being a release's."""
    changes = _sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    headings = list(changes)
    if not headings or headings[0] != _UNRELEASED or changes[_UNRELEASED]:
        yield f"CHANGELOG.md: the first section is not an empty '{_UNRELEASED}'; make release-prepare VERSION={version}"
    newest = headings[1] if len(headings) > 1 else ""
    found = re.fullmatch(re.escape(f"## [{version}]") + _DATED, newest)
    if found is None or not _is_a_day(found["date"]):
        yield f"CHANGELOG.md: the newest release is '{newest}' and not '## [{version}] - YYYY-MM-DD'"
    elif not changes[newest]:
        yield f"CHANGELOG.md: nothing is said about {version}"
    notes = _sections((root / "docs/upgrading.md").read_text(encoding="utf-8"))
    if notes.get(f"## To {version}", "") in {"", "Nothing yet."}:
        yield f"docs/upgrading.md: '## To {version}' does not say what an operator does, be it nothing"


def _sections(text: str) -> dict[str, str]:
    """Return the text under each heading of the second level."""
    parts = re.split(r"^(## .*)$", text, flags=re.MULTILINE)
    return {heading: below.strip() for heading, below in zip(parts[1::2], parts[2::2], strict=True)}


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
