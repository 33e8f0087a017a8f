"""One-time values in shared memory: of all uses of one, one alone is the first."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.memory.replays import OWNERS, RETRY_SECONDS, SLOT_BYTES, SLOTS, Outcome, ReplayTable
from sidecar.memory.segment import Segment, create

_PROGRAM = Path(__file__).parent / "programs/use_values.py"
FIRST, RETRY, REPLAY, UNKNOWN = Outcome.FIRST, Outcome.RETRY, Outcome.REPLAY, Outcome.UNKNOWN


@pytest.fixture
def segment() -> Iterator[Segment]:
    """Return memory for two buckets."""
    with create(4096) as made:
        yield made


def run(segment: Segment, what: str) -> str:
    """Run the program on a segment."""
    fd = segment.fileno()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(_PROGRAM), str(fd), what],
        pass_fds=[fd],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_once(segment: Segment) -> None:
    """The first use is the first; every other one is a replay, from any table of the same memory."""
    one, other = ReplayTable(segment, bytes(32)), ReplayTable(segment, bytes(32))
    assert one.use(b"a", b"1", 100.0, 0.0) is FIRST
    assert [table.use(b"a", b"2", 100.0, 1.0) for table in (one, other)] == [REPLAY, REPLAY]
    assert other.use(b"b", b"1", 100.0, 1.0) is FIRST


@pytest.mark.parametrize(
    ("later", "outcome"), [(0, RETRY), (RETRY_SECONDS, RETRY), (RETRY_SECONDS + 0.1, REPLAY), (-1, REPLAY)]
)
def test_same_use_again(segment: Segment, later: float, outcome: Outcome) -> None:
    """The very same use may be repeated for a moment, and not before it was."""
    table = ReplayTable(segment, bytes(32))
    assert table.use(b"a", b"1", 100.0, 50.0) is FIRST
    assert table.use(b"a", b"1", 100.0, 50.0 + later) is outcome


def test_full_bucket(segment: Segment) -> None:
    """Without a free slot a value is unknown; what is over makes room, what is not stays."""
    table = ReplayTable(segment, bytes(32))
    found = [table.use(b"%d" % number, b"", 100.0, 0.0) for number in range(200)]
    assert found.count(FIRST) == 2 * SLOTS
    assert set(found) == {FIRST, UNKNOWN}
    known = [b"%d" % number for number, outcome in enumerate(found) if outcome is FIRST]
    assert {table.use(value, b"x", 100.0, 50.0) for value in known} == {REPLAY}
    assert table.use(b"new", b"", 200.0, 100.0) is FIRST


@given(st.data())
def test_clock_that_is_set_back(data: st.DataObject) -> None:
    """Whatever was used once, and however the clock goes on and back, it is never first again."""
    with create(4096) as segment:
        table, used, now = ReplayTable(segment, bytes(32)), set[int](), 1000.0
        for _ in range(data.draw(st.integers(1, 300))):
            now += data.draw(st.sampled_from([0.0, 0.5, 5.0, 100.0, -100.0, -0.5]))
            issued = data.draw(st.integers(int(now) - 9, int(now) + 9))
            # Good for 10 s, and named by when it was made.
            if table.use(b"%d" % issued, os.urandom(8), issued + 10.0, now) is FIRST:
                assert issued not in used
                used.add(issued)


def test_forgotten_value_is_not_first(segment: Segment) -> None:
    """After the clock was set back a value whose slot was given to another is not first; a later one is."""
    table = ReplayTable(segment, bytes(32))
    values = [b"%d" % number for number in range(5)]
    assert {table.use(value, b"", 100.0, 50.0) for value in values} == {FIRST}
    assert {table.use(b"other-%d" % number, b"", 200.0, 150.0) for number in range(20)} == {FIRST}
    assert {table.use(value, b"", 100.0, 50.0) for value in values} == {UNKNOWN}
    assert table.use(b"new", b"", 100.1, 50.0) is FIRST


def test_clock_that_goes_on_refuses_nobody(segment: Segment) -> None:
    """Values that end later than now are taken, in any order, for as long as the clock goes on."""
    table = ReplayTable(segment, bytes(32))
    for second in range(1000):
        for early in (0.001, 9.0):
            assert table.use(b"%d-%f" % (second, early), b"", second + early, float(second)) is FIRST


@pytest.mark.parametrize("end", [8, 24, 40, 56])
def test_torn_slot_is_free(segment: Segment, end: int) -> None:
    """What a killed writer left half written takes no room for ever, and is no use of anything."""
    table = ReplayTable(segment, bytes(32))
    for number in range(200):
        table.use(b"%d" % number, b"", 1e300, 0.0)
    for bucket in range(2):
        start = bucket * SLOTS * SLOT_BYTES + 5 * SLOT_BYTES
        segment.memory[start : start + end] = os.urandom(end)
    outcomes = [table.use(b"new-%d" % number, b"", 100.0, 0.0) for number in range(50)]
    assert outcomes.count(FIRST) == 2
    assert set(outcomes) == {FIRST, UNKNOWN}


def test_nobody_takes_the_room_of_all() -> None:
    """However many values one owner uses, it is for one part of the memory; each of them is first only once."""
    with create(64 * SLOTS * SLOT_BYTES) as memory:
        table = ReplayTable(memory, bytes(32))
        values = [b"%d" % number for number in range(5000)]
        greedy = [table.use(value, b"1", 100.0, 0.0, b"greedy") for value in values]
        assert SLOTS <= greedy.count(FIRST) <= 64 // OWNERS * SLOTS
        assert set(greedy) == {FIRST, UNKNOWN}
        again = [table.use(value, b"2", 100.0, 0.0, b"greedy") for value in values]
        assert [one is REPLAY for one in again] == [one is FIRST for one in greedy]
        others = [table.use(b"of-%d" % number, b"1", 100.0, 0.0, b"owner-%d" % number) for number in range(500)]
        assert others.count(FIRST) > 400


def test_other_secret_is_another_memory(segment: Segment) -> None:
    """Names are keyed: without the secret nobody can tell where a value is."""
    assert ReplayTable(segment, bytes(32)).use(b"a", b"1", 100.0, 0.0) is FIRST
    assert ReplayTable(segment, b"x" * 32).use(b"a", b"1", 100.0, 0.0) is FIRST


def test_too_small() -> None:
    """A segment always has a bucket; what has none is refused."""

    class Tiny:
        memory, size = b"", 100

        def fileno(self) -> int:
            return 0

    with pytest.raises(ValueError, match="a bucket has 2048"):
        ReplayTable(Tiny(), bytes(32))  # type: ignore[arg-type]


def test_processes_at_once() -> None:
    """Of several processes that use one value at the same moment one alone is first."""
    with create(1 << 16) as segment:
        assert run(segment, "race") == "300 1"


def test_lock_of_a_killed_process(segment: Segment) -> None:
    """Nobody waits for a process that is stopped with a lock, and once it is killed its locks are gone."""
    assert run(segment, "hold") == "UNKNOWN FIRST"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("12"), st.integers(0, 30)), max_size=40))
def test_as_a_dictionary(uses: list[tuple[str, str, int]]) -> None:
    """Whatever is used in whatever order, it is as if each value was written into a dictionary."""
    first: dict[str, tuple[str, float]] = {}
    now = 0.0
    with create(1 << 16) as segment:
        table = ReplayTable(segment, bytes(32))
        for value, context, later in uses:
            now += later / 10
            expected = FIRST
            if value in first:
                before, when = first[value]
                expected = RETRY if before == context and now - when <= RETRY_SECONDS else REPLAY
            else:
                first[value] = context, now
            assert table.use(value.encode(), context.encode(), 1000.0, now) is expected
