"""All checks, and what the document accepts of what they find."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from sidecar.core.policy.model import PolicySet
from sidecar.lint.finding import Finding, Placed
from sidecar.lint.identities import identities
from sidecar.lint.reach import reach
from sidecar.lint.subject import Subject
from sidecar.lint.widths import widths
from sidecar.lint.wording import wording
from sidecar.loading.load import Configuration

_CHECKS = (widths, wording, reach, identities)
#: A comment at the end of the line a finding is at, or on the line before.
_ACCEPT = re.compile(r"#\s*lint:\s*accept\s+([a-z, -]+)")


def lint(configuration: Configuration, policies: PolicySet) -> list[Placed]:
    """Return all that is found, in the order of the files' lines."""
    subject = Subject(configuration.settings, policies)
    lines = cache(_lines)
    found = (_placed(one, configuration, lines) for check in _CHECKS for one in check(subject))
    return sorted(found, key=lambda one: (one.file, one.line, one.column, one.finding.code))


def _placed(finding: Finding, configuration: Configuration, lines: Callable[[Path], list[str]]) -> Placed:
    document = configuration.document
    place = document.place(finding.field)
    accepted = finding.code in _accepted(lines(place.path), place.line)
    return Placed(finding, str(place.path), place.line, place.column, document.name(finding.field), accepted)


def _accepted(lines: list[str], number: int) -> Iterator[str]:
    for line in lines[max(0, number - 2) : number]:
        found = _ACCEPT.search(line)
        # A comment behind something on the line before is about that line.
        if found and (line is lines[number - 1] or not line[: found.start()].strip()):
            yield from (name.strip() for name in found[1].split(","))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
