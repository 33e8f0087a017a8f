"""How the output of the load's programs is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.load import LoadError, TokenFile, percentile, read_vegeta, read_wrk
from peers.plan import FULL, QUICK, Cell, Plan, Tokens

WRK = """\
Running 1s test @ http://127.0.0.1:8080
  Requests/sec:   2000.00

RESULT {"requests": 4000, "microseconds": 2000000, "failed": 0, "refused": 0, "p50": 1500, "p99": 2500, "p999": 9000}
"""
MILLISECOND = 1_000_000
#: Some moment, in nanoseconds as vegeta writes it: beyond what a double can hold exactly.
BEGAN = 1_700_000_000_123_456_789


def row(number: int, sent: int, latency: int, status: int = 200) -> list[str]:
    """Return a row as ``vegeta encode --to csv`` writes it."""
    return [str(sent), str(status), str(latency), "0", "3", "", "b2s=", "", str(number), "GET", "http://x", ""]


def test_wrk_s_figures_are_read() -> None:
    """Requests, seconds and latencies in milliseconds come from the line that our script prints."""
    outcome = read_wrk(WRK)
    assert (outcome.requests, outcome.seconds) == (4000, 2.0)
    assert (outcome.p50, outcome.p99, outcome.p999) == (1.5, 2.5, 9.0)


@pytest.mark.parametrize("change", ['"failed": 1', '"refused": 1'])
def test_a_closed_loop_with_one_wrong_answer_has_no_figures(change: str) -> None:
    """Answers that are no 2xx, and requests without any, are never part of a measurement."""
    name = change.partition(":")[0]
    with pytest.raises(LoadError, match="1"):
        read_wrk(WRK.replace(f"{name}: 0", change))


def test_wrk_without_figures_is_an_error() -> None:
    """What wrk printed is shown where our line is missing."""
    with pytest.raises(LoadError, match="unable to connect"):
        read_wrk("unable to connect to 127.0.0.1")


def test_latency_counts_from_when_a_request_was_due() -> None:
    """A request that was sent 40 ms late has waited those 40 ms, however fast its answer was."""
    rows = [row(number, BEGAN + number * 10 * MILLISECOND, MILLISECOND) for number in range(10)]
    rows[5] = row(5, BEGAN + 90 * MILLISECOND, MILLISECOND)
    outcome = read_vegeta(rows, 100)
    assert outcome.p50 == pytest.approx(1.0, abs=1e-3)
    assert outcome.p999 == pytest.approx(41.0, abs=1e-3)
    assert outcome.seconds == pytest.approx(0.091, abs=1e-6)


def test_rows_may_come_in_any_order() -> None:
    """Vegeta writes answers as they come."""
    rows = [row(number, BEGAN + number * MILLISECOND, (number + 1) * MILLISECOND) for number in range(50)]
    assert read_vegeta(rows[::-1], 1000) == read_vegeta(rows, 1000)


def test_an_open_loop_with_one_wrong_answer_has_no_figures() -> None:
    """One refusal among good answers is an error that says which."""
    with pytest.raises(LoadError, match="request 1 was answered with 403"):
        read_vegeta([row(0, BEGAN, 5), row(1, BEGAN, 5, 403)], 1000)


def test_an_open_loop_without_answers_is_an_error() -> None:
    """Nothing is not fast."""
    with pytest.raises(LoadError, match="no answers"):
        read_vegeta([], 1000)


@given(st.lists(st.integers(), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[int], part: float) -> None:
    """Nearest rank: at least that part of the values are no greater, and it is the least such value."""
    ordered = sorted(values)
    found = percentile(ordered, part)
    assert sum(value <= found for value in ordered) >= len(ordered) * part
    assert sum(value < found for value in ordered) <= len(ordered) * part


def test_a_slice_of_a_token_file_is_read(tmp_path: Path) -> None:
    """Tokens come with their line, which is their path."""
    file = tmp_path / "tokens.txt"
    file.write_text("a\nb\nc\nd\n", encoding="ascii")
    assert TokenFile(file, 1, 2).read() == [(2, "b"), (3, "c")]


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_cells_have_names_of_their_own(plan: Plan) -> None:
    """Results are kept under the names of cells."""
    assert len({cell.name for cell in plan.cells}) == len(plan.cells)


def test_only_never_repeating_tokens_are_used_up() -> None:
    """An open loop takes as many as it sends; others take none."""
    assert Cell(Tokens.FRESH, rate=500).fresh_tokens(2.0) == 1001
    assert Cell(Tokens.THOUSAND, rate=500).fresh_tokens(2.0) == 0
