"""The screen: fits into any window, and says what matters first."""

from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, Group

from sidecar.status.sections import view_of
from sidecar.status.view import Cell, Column, State, Table
from sidecar.top.blocks import block, columns
from sidecar.top.screen import screen
from support.denials import denial
from support.status_reports import report

_VIEW = view_of(report(), [denial()])
_FOOT = Cell("unix:/run/authz/admin.sock  q quits, space pauses")


def lines(shown: Group) -> list[str]:
    """Return the lines of a screen, as they are printed."""
    console = Console(width=1_000, file=StringIO(), highlight=False)
    return ["".join(segment.text for segment in line).rstrip() for line in console.render_lines(shown, pad=False)]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 250), st.integers(1, 80))
def test_fits(width: int, height: int) -> None:
    """Whatever the window is, nothing is wider or higher, and the last line is the foot."""
    found = lines(screen(_VIEW, _FOOT, width, height))
    assert len(found) <= height
    assert all(cell_len(line) <= width for line in found)
    assert found[-1] == _FOOT.text or found[-1].endswith("…")


def test_small_window() -> None:
    """In 80x24 there are rates, latency, a sparkline, reasons, pools, cache, processes, keys and the alert."""
    found = lines(screen(_VIEW, _FOOT, 80, 24))
    text = "\n".join(found)
    for wanted in (
        *("1,000/s", "p99 1.20 ms", "▅", "no_policy_allows", "verifier", "92.0%", "shared", "server-0", "crash loop"),
        *("idp.example", "verifier pool 92% busy", "q quits"),
    ):
        assert wanted in text
    assert len(found) == 24


def test_wide_window() -> None:
    """A wide window has the columns and tables that a small one has no room for."""
    text = "\n".join(lines(screen(_VIEW, _FOOT, 220, 60)))
    for wanted in (
        "failures",
        "wait p99",
        "raise verification_workers to 3",
        "checks per second",
        "hook",
        "denied now",
        "orders",
    ):
        assert wanted in text


def test_without_a_height() -> None:
    """For one frame on paper there is all of it."""
    text = "\n".join(lines(screen(_VIEW, _FOOT, 80)))
    assert "more" not in text
    assert "verifier-0" in text


def test_before_there_is_anything() -> None:
    """Before the first answer there is the foot, which says what is waited for."""
    found = lines(screen(None, Cell("no answer: connection refused", State.BAD), 80, 24))
    assert found == [""] * 23 + ["no answer: connection refused"]


def test_wide_characters() -> None:
    """Characters that take two cells are cut by cells, and columns stay under each other."""
    table = Table("t", "", (Column("name"), Column("n", numeric=True)), ((Cell("漢字" * 10), Cell("1")),), "")
    found = block(table, 20)
    assert all(line.cell_len <= 20 for line in found.lines())
    assert found.rows[0].plain.endswith(" 1")


@pytest.mark.parametrize("width", [1, 5, 12, 40, 120])
def test_block_fits(width: int) -> None:
    """A table is never wider than it may be: columns go, then texts are cut."""
    for table in _VIEW.tables():
        assert all(line.cell_len <= width for line in block(table, width).lines())


def test_markup_is_text() -> None:
    """What looks like rich's markup, or an emoji's name, is text."""
    table = Table("t", "", (Column("name"),), ((Cell("[red]:smile:[/red]"),),), "")
    assert block(table, 40).rows[0].plain == "[red]:smile:[/red]"


def test_what_is_left_out_is_said() -> None:
    """A column that is too high loses rows of its longest block, which says how many."""
    rows = tuple((Cell(f"row {number}"),) for number in range(30))
    long, short = (
        block(Table("t", "", (Column(title),), some, ""), 40) for title, some in (("a", rows), ("b", rows[:2]))
    )
    (column,) = columns([long, short], 1, 12)
    assert len(column) <= 12
    plain = [line.plain for line in column]
    shown = sum(line.startswith("row") for line in plain) - 2
    assert plain[-5:] == [f"… {30 - shown} more", "", "b", "row 0", "row 1"]


def test_hopelessly_small() -> None:
    """With no room at all the last blocks go."""
    one = block(Table("t", "", (Column("a"),), ((Cell("x"),),), ""), 40)
    assert [len(column) for column in columns([one] * 9, 2, 2)] == [2, 2]
    assert columns([one] * 9, 1, 1) == [[]]
