"""Sources of bad signatures: who has spent a budget, who never does, and how much of that is remembered."""

import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.verify.routing import FailureBudget


def test_spent_and_earned_again() -> None:
    """So many bad signatures spend a budget, and time gives it back, one after the other."""
    budget = FailureBudget(burst=3, per_second=0.5, sources=10)
    for _ in range(3):
        assert not budget.spent("a", 0)
        budget.failed("a", 0)
    assert budget.spent("a", 0)
    assert budget.spent("a", 1.9)
    assert not budget.spent("a", 2)
    budget.failed("a", 2)
    assert budget.spent("a", 2)
    assert not budget.spent("a", 8)
    assert len(budget) == 0


def test_a_long_attack_is_forgiven_as_soon_as_a_short_one() -> None:
    """However many bad signatures there were, a source has one more after the same time."""
    budget = FailureBudget(burst=3, per_second=1, sources=10)
    for _ in range(1000):
        budget.failed("a", 0)
    assert budget.spent("a", 0.9)
    assert not budget.spent("a", 1)


def test_others_are_not_harmed() -> None:
    """A source that never sent a bad signature is never told that it has spent anything."""
    budget = FailureBudget(burst=1, per_second=0.001, sources=10)
    budget.failed("a", 0)
    assert budget.spent("a", 0)
    assert not budget.spent("b", 0)
    assert len(budget) == 1


def test_clock_that_goes_back() -> None:
    """A clock that goes back gives nothing, takes nothing, and stops nothing from being given later."""
    budget = FailureBudget(burst=1, per_second=1, sources=10)
    budget.failed("a", 100)
    assert budget.spent("a", 50)
    budget.failed("a", 50)
    assert budget.spent("a", 50.5)
    assert not budget.spent("a", 51)


def test_the_longest_unheard_of_is_forgotten() -> None:
    """When there are too many sources, whoever was neither seen nor failed for longest is forgotten."""
    budget = FailureBudget(burst=1, per_second=0.001, sources=3)
    for source in "abc":
        budget.failed(source, 0)
    assert budget.spent("a", 1)
    budget.failed("d", 1)
    assert [source for source in "abcd" if budget.spent(source, 1)] == ["a", "c", "d"]


def test_a_million_sources() -> None:
    """A million sources, with long names, take no more memory than those that are remembered."""
    budget = FailureBudget(burst=5, per_second=1, sources=1000)
    tracemalloc.start()
    try:
        for number in range(20_000):
            budget.failed(f"{number:0200}", 0)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for number in range(20_000, 1_000_000):
        budget.failed(f"{number:0200}", 0)
    assert len(budget) == 1000
    assert used < 500_000


@given(
    st.integers(1, 5),
    st.floats(0.1, 10),
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3), st.booleans())),
)
def test_against_a_bucket_a_source(burst: int, rate: float, events: list[tuple[str, float, bool]]) -> None:
    """With room for all sources it says what a token bucket for each would."""
    budget = FailureBudget(burst, rate, 3)
    tokens, seen, now = dict.fromkeys("abc", float(burst)), dict.fromkeys("abc", 0.0), 0.0
    for source, wait, bad in events:
        now += wait
        tokens[source] = min(float(burst), tokens[source] + (now - seen[source]) * rate)
        seen[source] = now
        if not math.isclose(tokens[source], 1.0, abs_tol=1e-6):
            assert budget.spent(source, now) is (tokens[source] < 1)
        if bad:
            budget.failed(source, now)
            tokens[source] = max(0.0, tokens[source] - 1)


@pytest.mark.parametrize(
    ("burst", "rate", "sources"), [(0, 1, 1), (1, 0, 1), (1, -1, 1), (1, math.inf, 1), (1, math.nan, 1), (1, 1, 0)]
)
def test_no_budget(burst: int, rate: float, sources: int) -> None:
    """A budget of nothing is refused."""
    with pytest.raises(ValueError, match="must be positive"):
        FailureBudget(burst, rate, sources)
