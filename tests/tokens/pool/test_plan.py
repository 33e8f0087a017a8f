"""Where the rings are, and how many signing inputs are cut into jobs."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.memory.ring_layout import RECORDS, padded
from sidecar.tokens.pool.codec import MAX_COUNT, MAX_INPUT_BYTES, MAX_RECORD_BYTES
from sidecar.tokens.pool.rings import SigningRings
from sidecar.tokens.pool.split import split


def test_rings_do_not_meet() -> None:
    """Each pair has two regions, none of which meets another, and together they are the whole."""
    plan = SigningRings(3, 2, in_flight=10, job_bytes=700)
    pairs = [(asker, worker) for asker in range(3) for worker in range(2)]
    regions = sorted(
        (region.offset, region.end) for pair in pairs for region in (plan.jobs(*pair), plan.answers(*pair))
    )
    assert len(regions) == 12
    assert (regions[0][0], regions[-1][1]) == (0, plan.size)
    assert all(before[1] == after[0] for before, after in pairwise(regions))


@pytest.mark.parametrize("in_flight", [1, 64])
def test_room(in_flight: int) -> None:
    """There is room for as many records as planned, and for one of the largest in any case."""
    plan = SigningRings(1, 1, in_flight, job_bytes=1000)
    expected = RECORDS + max(in_flight * padded(1000), padded(MAX_RECORD_BYTES))
    assert plan.jobs(0, 0).size == plan.answers(0, 0).size == expected


@pytest.mark.parametrize("numbers", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_nothing_to_plan(numbers: tuple[int, int, int, int]) -> None:
    """A plan for nothing is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        SigningRings(*numbers)


@pytest.mark.parametrize(("asker", "worker"), [(-1, 0), (2, 0), (0, -1), (0, 3)])
def test_nobody_there(asker: int, worker: int) -> None:
    """There are no rings of a process that is not in the plan."""
    with pytest.raises(ValueError, match="no rings of asker"):
        SigningRings(2, 3).jobs(asker, worker)


@given(st.lists(st.integers(0, 4000), max_size=60), st.integers(1, 5))
def test_split(sizes: list[int], workers: int) -> None:
    """All inputs are in jobs that may be written, in their order; where there are enough, each worker has one."""
    inputs = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    jobs = split(inputs, workers)
    assert [each for job in jobs for each in job] == inputs
    assert all(0 < len(job) <= MAX_COUNT for job in jobs)
    assert all(len(job) == 1 or sum(map(len, job)) <= MAX_INPUT_BYTES for job in jobs)
    assert all(len(job) <= -(-len(inputs) // workers) for job in jobs)


def test_one_too_large() -> None:
    """An input that no job has room for is refused, whatever else there is."""
    assert split([b"a" * MAX_INPUT_BYTES], 1)
    with pytest.raises(ValueError, match="16385 bytes: 16384 at the most"):
        split([b"a", b"a" * (MAX_INPUT_BYTES + 1)], 1)
