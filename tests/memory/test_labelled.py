"""Counters that are named as they occur: found again, added up by name, and nothing is ever not counted."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.boards import writer
from memory.labels import OTHERWISE, ROOM, SCHEMA, count, name, opened, region
from sidecar.memory.counter_schema import Schema
from sidecar.memory.counters import CounterTable, Row
from sidecar.memory.labelled_layout import CELL, LabelledSchema, Labels, shown
from sidecar.memory.segment import Segment

_LONGEST = SCHEMA.labelled.longest


@pytest.fixture
def shared() -> Iterator[Segment]:
    """Give the memory of two rows."""
    with region(rows=2) as made:
        yield made


@pytest.fixture
def row(shared: Segment) -> Iterator[Row]:
    """Give the first row, opened."""
    with opened(shared, rows=2) as made:
        yield made


def counted(row: Row) -> dict[Labels, int]:
    """Return what was counted at all."""
    return {labels: number for labels, number in row.labelled.read().items() if number}


def test_fixed_ones_are_there_from_the_beginning(row: Row) -> None:
    """With nothing counted; others are not."""
    assert row.labelled.read() == {OTHERWISE: 0}


def test_each_name_has_its_counter(row: Row) -> None:
    """It is the same one each time, and no other's."""
    for number, times in ((1, 2), (2, 40), (1, 3)):
        count(row, name(number), times)
    assert counted(row) == {name(1): 5, name(2): 40}


def test_rows_are_added_up_by_name(shared: Segment) -> None:
    """In whatever order each of them came to its names; what one has alone is there as well."""
    with CounterTable(shared, SCHEMA, 2) as table:
        for index, numbers in enumerate([(1, 2, 3), (3, 1)]):
            for number in numbers:
                count(table.row(index), name(number))
        assert table.totals().labelled == {OTHERWISE: 0, name(1): 2, name(2): 1, name(3): 2}


def test_who_has_opened_it_before_sees_what_is_new(shared: Segment, row: Row) -> None:
    """A reader need not open it anew."""
    with opened(shared, rows=2) as reader:
        assert counted(reader) == {}
        count(row, name(1))
        assert counted(reader) == {name(1): 1}
        count(row, name(2))
        assert counted(reader) == {name(1): 1, name(2): 1}


def test_the_next_incarnation_goes_on(shared: Segment) -> None:
    """It finds the counters of the last one."""
    for incarnation in range(1, 4):
        with opened(shared, rows=2) as row:
            for number in range(incarnation, 0, -1):
                count(row, name(number))
    with opened(shared, rows=2) as reader:
        assert counted(reader) == {name(1): 3, name(2): 2, name(3): 1}


@given(
    st.lists(st.tuples(st.integers(0, 2 * ROOM), st.booleans()), max_size=60),
    st.sampled_from(["", "é" * _LONGEST, "x" * 4 * _LONGEST]),
)
def test_nothing_is_not_counted(events: list[tuple[int, bool]], more: str) -> None:
    """Whatever occurs, however many and however long the names, and whenever the writer begins anew.

    As many as there is room for have their own counts, exactly; all others are counted together.
    """
    with region() as shared:
        expected = Counter[Labels]()
        own = dict.fromkeys([f"{more}{number}" for number, _ in events])
        fitting = set(list(own)[:ROOM])
        table = CounterTable(shared, SCHEMA, 1)
        for number, anew in events:
            if anew:
                table.close()
                table = CounterTable(shared, SCHEMA, 1)
            said = f"{more}{number}"
            count(table.row(0), ("kind", said))
            expected[shown(("kind", said), _LONGEST) if said in fitting else OTHERWISE] += 1
        assert counted(table.row(0)) == expected
        table.close()


@pytest.mark.parametrize("value", ["x" * 1000, "é" * 500, "x" + "é" * 500, "日本" * 300, "\ud800" * 1000])
def test_what_is_too_long_is_cut(row: Row, value: str) -> None:
    """With a digest, so that two of them that begin alike stay two; between characters, so that it stays text."""
    for one in (value, value + "!", value):
        count(row, ("kind", one))
    found = counted(row)
    assert sorted(found.values()) == [1, 2]
    for _, text in found:
        assert len(text.encode()) <= _LONGEST
        assert text[0] == value.encode("utf-8", "replace").decode()[0]


def test_the_longest_that_fits_is_kept_as_it_is(row: Row) -> None:
    """And so is one that is empty."""
    for labels in (("k" * _LONGEST, "n" * _LONGEST), ("", "")):
        count(row, labels)
    assert counted(row) == {("k" * _LONGEST, "n" * _LONGEST): 1, ("", ""): 1}


def test_what_cannot_be_written_is_shown_otherwise(row: Row) -> None:
    """A lone surrogate has no UTF-8, and must not spoil all metrics."""
    count(row, ("kind", "\ud800"))
    assert counted(row) == {("kind", "?"): 1}


def test_a_torn_name_is_none(shared: Segment, row: Row) -> None:
    """Of a cell whose bytes are not all there nothing is seen, in whichever order they come; then it is taken anew."""
    count(row, name(1), 7)
    start = SCHEMA.labelled_at + SCHEMA.labelled.first_cell
    whole = shared.memory[start : start + CELL]
    for end in range(1, CELL, 5):
        for torn in (whole[:end] + bytes(CELL - end), bytes(end) + whole[end:]):
            shared.memory[start : start + CELL] = torn
            with opened(shared, rows=2) as reader:
                found = reader.labelled.read()
                assert set(found) <= {OTHERWISE, name(1)}
                if name(1) not in found:
                    shared.memory[start : start + 8] = bytes(8)  # a count comes after the name alone
                    count(reader, name(2))
                    assert counted(reader) == {name(2): 1}


def test_killed_at_every_instruction() -> None:
    """Whoever is killed while it names a counter leaves no wrong name, loses no count, and no room."""
    program = Path(__file__).parent / "programs" / "kill_naming.py"
    path = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(program)], env=path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 50


def test_no_count_goes_back_whoever_is_killed(shared: Segment) -> None:
    """While one writer after another is killed, what was once seen stays, and grows."""
    with opened(shared) as reader:
        last = dict[Labels, int]()
        for incarnation in range(1, 5):
            with writer(shared.fileno(), incarnation, "label.py"):
                for _ in range(1000):
                    now = reader.labelled.read()
                    assert set(last) <= set(now) <= {OTHERWISE, *map(name, range(ROOM))}
                    assert all(now[labels] >= last.get(labels, 0) for labels in now)
                    assert all(number % 255 == 0 for number in now.values())
                    last = now
        assert set(last) == {OTHERWISE, *map(name, range(ROOM))}


def test_all_values_must_be_there() -> None:
    """Fixed counters with another number of values than there are labels are refused."""
    with pytest.raises(ValueError, match="not all fixed counters have a value for each of kind, name"):
        LabelledSchema(("kind", "name"), 0, (("one",),))


def test_there_must_be_one_for_all_others() -> None:
    """Room that comes to an end, with nothing that counts what is beyond it, is refused."""
    for fixed in ((), (("a", ""), ("a", "other"), ("b", ""))):
        with pytest.raises(ValueError, match="nothing counts what there is no room for"):
            LabelledSchema(("kind", "name"), 1, fixed, 1)


def test_what_is_closed_is_told_of_others_still(shared: Segment) -> None:
    """Where there is no room the first labels stay as they are."""
    fixed = (("a", ""), ("a", "other"), ("b", "other"))
    with CounterTable(shared, Schema((), (), LabelledSchema(("kind", "name"), 1, fixed, 1)), 1) as table:
        for labels in (("a", "x"), ("a", "y"), ("b", "x"), ("a", "")):
            count(table.row(0), labels)
        assert counted(table.row(0)) == {("a", "x"): 1, ("a", "other"): 1, ("b", "other"): 1, ("a", ""): 1}
