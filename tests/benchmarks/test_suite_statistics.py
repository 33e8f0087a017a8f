"""What the suite says of values: medians, spreads, ratios, and how they are shown."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.measurement import Baseline, Measurement, Unit
from suite.rounds import taken
from suite.statistics import line, spread
from suite.timing import Repeated, Together

values = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=20)


def nothing() -> float:
    raise NotImplementedError


@given(values, st.sampled_from(Unit))
def test_what_is_held_against_itself_is_as_good(found: list[float], unit: Unit) -> None:
    """Its ratio is 1, whatever the unit, and its value the median."""
    made = line("group", Measurement("name", "what", unit, nothing, Baseline("itself", nothing)), found, found)
    assert made.ratio == pytest.approx(1.0)
    assert made.value == made.baseline == statistics.median(found)
    assert made.against == "itself"


@given(values)
def test_a_spread_is_a_part_of_the_median(found: list[float]) -> None:
    """It is not negative, 0 for one value, and does not depend on the unit."""
    assert spread(found) >= 0.0
    assert spread(found[:1]) == 0.0
    assert spread([1000 * one for one in found]) == pytest.approx(spread(found), abs=1e-9)


@pytest.mark.parametrize(
    ("unit", "value", "baseline", "ratio"),
    [
        (Unit.RATE, 0.5, 1.0, 2.0),  # seconds for an operation: half of them is twice the rate
        (Unit.MICROSECONDS, 2.0, 1.0, 0.5),
        (Unit.BYTES, 100.0, 300.0, 3.0),
        (Unit.PERCENT, 0.9, 0.6, 1.5),
        (Unit.BYTES, 0.0, 1.0, float("inf")),
    ],
)
def test_a_ratio_above_one_is_better(unit: Unit, value: float, baseline: float, ratio: float) -> None:
    """Of time and bytes less is better, of rates and parts more."""
    assert unit.better(value, baseline) == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("unit", "base", "text"),
    [
        (Unit.RATE, 0.00005, "20,000/s"),
        (Unit.RATE_CPU, 0.001, "1,000/s of CPU"),
        (Unit.RATE, 0.0, "inf/s"),
        (Unit.NANOSECONDS, 2.5e-7, "250 ns of CPU"),
        (Unit.MICROSECONDS, 8.4e-6, "8.40 µs of CPU"),
        (Unit.MILLISECONDS, 0.0012, "1.20 ms"),
        (Unit.SECONDS, 1.5, "1.50 s"),
        (Unit.BYTES, 512.0, "512.0 B"),
        (Unit.MEBIBYTES, 3.0 * 2**20, "3.0 MiB"),
        (Unit.PERCENT, 0.7279, "72.79%"),
    ],
)
def test_values_are_shown_in_their_unit(unit: Unit, base: float, text: str) -> None:
    """The base is seconds for an operation, bytes, or a part of one."""
    assert unit.shown(base) == text


def test_the_ratio_is_the_median_of_each_rounds_own() -> None:
    """So a round in which the machine was busy is so for both, and changes nothing."""
    measured = Measurement("name", "what", Unit.SECONDS, nothing, Baseline("other", nothing))
    made = line("group", measured, [1.0, 10.0, 1.0], [2.0, 20.0, 2.0])
    assert made.ratio == 2.0


def test_rounds_take_turns_and_share_a_baseline() -> None:
    """The first round counts for nothing, every second one goes the other way, and each take is done once in each."""
    order: list[str] = []

    def take(name: str) -> float:
        order.append(name)
        return float(len(order))

    first, second, other = (lambda name=name: take(name) for name in ("first", "second", "other"))
    shared = Baseline("other", other)
    lines = [Measurement(name, "", Unit.SECONDS, one, shared) for name, one in (("1", first), ("2", second))]
    found = taken(lines, 2)
    assert order == ["second", "other", "first", "first", "other", "second", "second", "other", "first"]
    assert found == {"1": ([4.0, 9.0], [5.0, 8.0]), "2": ([6.0, 7.0], [5.0, 8.0])}


def test_work_is_repeated_until_the_clock_can_be_told_from_noise() -> None:
    """How often is found out once, by a clock that says when it has been enough."""
    now, done = 0.0, 0

    def work() -> None:
        nonlocal now, done
        now, done = now + 0.001, done + 1

    take = Repeated(work, operations=10, seconds=0.004, clock=lambda: now)
    assert take() == pytest.approx(0.0001)
    assert done == 1 + 2 + 4 + 4
    assert take() == pytest.approx(0.0001)
    assert done == 15


def test_values_of_one_piece_of_work_are_taken_together() -> None:
    """It is done anew only when a value is asked for that was taken already."""
    turns = iter(range(10))
    together = Together(lambda: (float(next(turns)), 0.5))
    first, second = together.of(0), together.of(1)
    assert (first(), second(), second(), first(), first()) == (0.0, 0.5, 0.5, 1.0, 2.0)
