"""Where the rings of a pool are."""

from itertools import pairwise

import pytest

from sidecar.memory.ring_layout import RECORDS, padded
from sidecar.verify.pool.codec import VERDICT_BYTES
from sidecar.verify.pool.rings import Rings


def test_rings_do_not_meet() -> None:
    """Each pair has two regions, none of which meets another, and together they are the whole."""
    plan = Rings(3, 2, in_flight=10, job_bytes=700)
    pairs = [(server, verifier) for server in range(3) for verifier in range(2)]
    regions = sorted(
        (region.offset, region.end) for pair in pairs for region in (plan.jobs(*pair), plan.verdicts(*pair))
    )
    assert len(regions) == 12
    assert regions[0][0] == 0
    assert regions[-1][1] == plan.size
    assert all(before[1] == after[0] for before, after in pairwise(regions))


def test_room_for_all_in_flight() -> None:
    """There is room for as many jobs of the size that was planned for, and for as many verdicts."""
    plan = Rings(1, 1, in_flight=10, job_bytes=700)
    assert plan.jobs(0, 0).size == RECORDS + 10 * padded(700)
    assert plan.verdicts(0, 0).size == RECORDS + 10 * padded(VERDICT_BYTES)


@pytest.mark.parametrize("numbers", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_nothing_to_plan(numbers: tuple[int, int, int, int]) -> None:
    """A plan for nothing is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        Rings(*numbers)


@pytest.mark.parametrize(("server", "verifier"), [(-1, 0), (2, 0), (0, -1), (0, 3)])
def test_nobody_there(server: int, verifier: int) -> None:
    """There are no rings of a process that is not in the plan."""
    with pytest.raises(ValueError, match="no rings of server"):
        Rings(2, 3).jobs(server, verifier)
