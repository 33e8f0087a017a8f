"""The page tells of every field."""

import json
import re
from pathlib import Path

from sidecar.decision_log.fields import SHAPE
from sidecar.observe.log_series import LogResult
from sidecar.settings.decision_log import DecisionLogSettings

_PAGE = (Path(__file__).parent.parent.parent / "docs" / "decision-log.md").read_text(encoding="utf-8")


def _rows(head: str) -> list[str]:
    table = _PAGE.partition(head)[2].partition("\n\n")[0]
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_every_field() -> None:
    """The table has each field, in the order of records, and no other."""
    assert _rows("| field | |\n| --- | --- |\n") == list(SHAPE)


def test_every_result() -> None:
    """And what may become of a record."""
    assert _rows("| result | |\n| --- | --- |\n") == [one.value for one in LogResult]


def test_the_examples_are_records() -> None:
    """The lines that are shown have fields that there are, in their order."""
    lines = _PAGE.partition("```json\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 2
    for line in lines:
        found = json.loads(line)
        assert [name for name in SHAPE if name in found] == list(found)


def test_defaults_are_the_page_s() -> None:
    """So are the numbers in the text."""
    settings = DecisionLogSettings.model_validate({})
    assert (settings.allows_one_in, settings.lines_per_second, settings.recent) == (100, 1000, True)
    assert not settings.is_written
