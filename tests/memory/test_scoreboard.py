"""The scoreboard: what is read is what one writer wrote as a whole, or unknown."""

import mmap
from collections.abc import Iterator
from dataclasses import replace
from struct import pack_into
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.boards import CHILDREN, is_numbered, report_number, writer
from sidecar.memory import segment
from sidecar.memory.line import ATTEMPTS, Lines
from sidecar.memory.scoreboard import Child, Overall, Report, Scoreboard, State, Supervised, size
from sidecar.memory.vitals import Vitals

LINE = 64
DIGEST = bytes(range(32))
OVERALL = Overall(pid=7, heartbeat_at=1.5, generation=3)
SUPERVISED = Supervised(pid=8, incarnation=2, restarts=1, crash_loop=False, started_at=9.5, last_exit=-9)
REPORT = Report(2, State.READY, 10.25, connections=4, trust_digest=DIGEST)

u32 = st.integers(0, 2**32 - 1)
times = st.floats(0, 1e9)
maybe_times = st.none() | times


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give a segment."""
    with segment.create(mmap.PAGESIZE) as made:
        yield made


@pytest.fixture
def board(shared: segment.Segment) -> Scoreboard:
    """Give a scoreboard on which nothing was written."""
    return Scoreboard(shared, CHILDREN)


@given(st.builds(Overall, u32, times, st.integers(0, 2**64 - 1), st.booleans()))
def test_overall_comes_back(overall: Overall) -> None:
    """What the supervisor says of itself is read as it was written."""
    with segment.create(mmap.PAGESIZE) as shared:
        board = Scoreboard(shared, 0, offset=LINE)
        board.write_overall(overall)
        assert board.overall() == overall


@given(
    st.builds(
        Supervised,
        st.none() | u32,
        u32,
        u32,
        st.booleans(),
        maybe_times,
        maybe_times,
        st.none() | st.integers(-(2**31), 2**31 - 1),
    )
)
def test_supervised_comes_back(child: Supervised) -> None:
    """What the supervisor says of a child is read as it was written; 0 and none are told apart."""
    with segment.create(mmap.PAGESIZE) as shared:
        board = Scoreboard(shared, CHILDREN)
        board.write_supervised(1, child)
        assert board.supervised(1) == child
        assert board.supervised(0) is None


@given(
    st.builds(
        Report, u32, st.sampled_from(State), times, u32, st.none() | st.binary(min_size=32, max_size=32).filter(any)
    )
)
def test_report_comes_back(report: Report) -> None:
    """What a child says of itself is read as it was written."""
    with segment.create(mmap.PAGESIZE) as shared:
        board = Scoreboard(shared, CHILDREN)
        board.write_report(1, report)
        assert board.report(1) == report
        assert board.report(0) is None


@given(st.builds(Vitals, st.just(2), times, st.integers(0, 2**64 - 1), u32, u32))
def test_vitals_come_back(vitals: Vitals) -> None:
    """What a child measured of itself is read as it was written, while it is the one that the supervisor names."""
    with segment.create(mmap.PAGESIZE) as shared:
        board = Scoreboard(shared, CHILDREN)
        board.write_vitals(1, vitals)
        assert board.vitals(1) is None
        board.write_supervised(1, SUPERVISED)
        assert board.vitals(1) == vitals
        board.write_supervised(1, replace(SUPERVISED, incarnation=3))
        assert board.vitals(1) is None
        assert board.vitals(0) is None


def test_nothing_written_is_unknown(board: Scoreboard) -> None:
    """Zeros say nothing: they are neither a supervisor without a pid nor a child that was never started."""
    assert board.overall() is None
    assert board.child(0) == Child(None, None)


def test_lines_are_apart(board: Scoreboard) -> None:
    """No writer writes into another's line."""
    board.write_overall(OVERALL)
    for index in range(CHILDREN):
        board.write_supervised(index, SUPERVISED)
        board.write_report(index, REPORT)
        board.write_vitals(index, Vitals(2, 0.5))
    assert board.overall() == OVERALL
    assert [board.vitals(index) for index in range(CHILDREN)] == [Vitals(2, 0.5)] * CHILDREN
    assert [board.child(index) for index in range(CHILDREN)] == [Child(SUPERVISED, REPORT)] * CHILDREN


@pytest.mark.parametrize("said_by", [1, 3])
def test_word_of_another_incarnation_is_none_of_this_one(board: Scoreboard, said_by: int) -> None:
    """A child that was killed while it was ready is not ready again before its next incarnation says so."""
    board.write_supervised(0, SUPERVISED)
    board.write_report(0, Report(said_by, State.READY, 10.25))
    assert board.child(0) == Child(SUPERVISED, None)


def test_report_is_not_believed_where_the_incarnation_is_unknown(board: Scoreboard) -> None:
    """Whether a report is the living incarnation's cannot be told without the supervisor's line."""
    board.write_report(0, REPORT)
    assert board.child(0) == Child(None, None)


@pytest.mark.parametrize("position", range(LINE))
def test_changed_byte_is_unknown(board: Scoreboard, shared: segment.Segment, position: int) -> None:
    """A line of which any byte is not as it was written is unknown, and only that line."""
    board.write_overall(OVERALL)
    board.write_supervised(0, SUPERVISED)
    shared.memory[LINE + position] ^= 0x40
    assert board.supervised(0) is None
    assert board.overall() == OVERALL


@pytest.mark.parametrize("written", range(1, LINE))
def test_half_a_write_is_unknown(board: Scoreboard, shared: segment.Segment, written: int) -> None:
    """A writer killed after any number of bytes leaves an unknown line, or the whole of the old or the new one."""
    new = report_number(12345, 3)
    board.write_report(0, new)
    wanted = shared.memory[2 * LINE : 3 * LINE]
    board.write_report(0, REPORT)
    shared.memory[2 * LINE : 2 * LINE + written] = wanted[:written]
    assert board.report(0) in (None, REPORT, new)
    board.write_report(0, new)
    assert board.report(0) == new


def test_line_is_not_taken_for_another(board: Scoreboard, shared: segment.Segment) -> None:
    """A whole line in the place of another is unknown: what one child says is never taken for another's word."""
    board.write_report(0, REPORT)
    shared.memory[4 * LINE : 5 * LINE] = shared.memory[2 * LINE : 3 * LINE]
    assert board.report(1) is None


def test_other_version_is_unknown(board: Scoreboard, shared: segment.Segment) -> None:
    """A line of another version of the layout is unknown."""
    Lines(shared.memory, 0, version=1).write(0, bytes(56))
    assert board.overall() is None


def test_reader_looks_again() -> None:
    """A write that is under way at the first look is waited for, and for no longer than a few looks."""
    memory = FlickeringMemory(LINE)
    Lines(memory, 0, 1).write(0, bytes(range(56)))
    memory.wrong_looks = ATTEMPTS - 1
    assert Lines(memory, 0, 1).read(0) == bytes(range(56))
    memory.wrong_looks = ATTEMPTS
    assert Lines(memory, 0, 1).read(0) is None
    memory.close()


class FlickeringMemory(mmap.mmap):
    """Memory that shows a half-written line the first few times one looks."""

    def __new__(cls, length: int) -> Self:
        """Make it, without a file."""
        made = super().__new__(cls, -1, length)
        made.wrong_looks = 0
        return made

    wrong_looks: int

    def __getitem__(self, key: object) -> bytes:  # type: ignore[override]
        """Return a copy, of zeros as long as it flickers."""
        if self.wrong_looks:
            self.wrong_looks -= 1
            return bytes(LINE)
        return super().__getitem__(key)  # type: ignore[call-overload, no-any-return]


def test_no_mixture_is_believed_whoever_is_killed(board: Scoreboard, shared: segment.Segment) -> None:
    """While one incarnation after another writes and is killed, what is read is always one write's, or unknown."""
    seen: set[int] = set()
    for incarnation in range(1, 7):
        with writer(shared.fileno(), incarnation):
            reads = [board.report(0) for _ in range(20_000)]
        reads += [board.report(0)]
        assert all(is_numbered(report) for report in reads if report)
        seen |= {report.incarnation for report in reads if report}
    assert seen >= set(range(1, 7))


@pytest.mark.parametrize("index", [-1, CHILDREN])
def test_unknown_child_is_an_error(board: Scoreboard, index: int) -> None:
    """An index out of range is an error, not another child."""
    with pytest.raises(IndexError, match=str(CHILDREN)):
        board.write_report(index, REPORT)
    with pytest.raises(IndexError):
        board.child(index)


def test_short_digest_is_an_error(board: Scoreboard) -> None:
    """A digest that is not 32 bytes is refused rather than filled up."""
    with pytest.raises(ValueError, match="31 bytes"):
        board.write_report(0, Report(1, State.READY, 1.0, trust_digest=bytes(31)))


@pytest.mark.parametrize(("children", "offset"), [(2, 8), (2, -64), (-1, 0), (32, 0), (2, 4096 - 256)])
def test_region_must_fit(shared: segment.Segment, children: int, offset: int) -> None:
    """A scoreboard that would not lie in its segment, aligned, is refused."""
    with pytest.raises(ValueError, match=f"{shared.size} bytes does not do"):
        Scoreboard(shared, children, offset)


def test_size_is_what_it_takes(shared: segment.Segment) -> None:
    """A scoreboard writes nothing outside of the bytes that ``size`` names."""
    pack_into("=Q", shared.memory, LINE + size(CHILDREN), 2**64 - 1)
    board = Scoreboard(shared, CHILDREN, LINE)
    board.write_vitals(CHILDREN - 1, Vitals(2))
    assert any(shared.memory[size(CHILDREN) : LINE + size(CHILDREN)])
    assert shared.memory[:LINE] == bytes(LINE)
    assert shared.memory[LINE + size(CHILDREN) :].startswith(bytes([255] * 8))
