"""What the suite writes: a table, claims, files, and a page between its marks."""

import json
from dataclasses import replace
from pathlib import Path

import pyperf
import pytest

from suite import claims, machine, table
from suite.__main__ import main
from suite.groups import NAMES, load
from suite.measurement import Unit
from suite.page import NoMarkError, replaced
from suite.run import Failure, run, together
from suite.saved import Results, write
from suite.size import TINY
from suite.statistics import Line

LINE = Line("group", "name", "what", Unit.SECONDS, 1.5, 0.02, (1.0, 2.0), "other", 3.0, (3.0, 3.0), 2.0)


def results(*lines: Line, size: str = "whole", warning: str = "", failures: tuple[str, ...] = ()) -> Results:
    """Return results of lines."""
    return Results(size, {"processors": "2"}, 0.1, 1.9, lines, failures, warning)


def test_a_table_has_a_row_for_each_line() -> None:
    """What, value, spread, baseline with its value, and ratio; the group once, above its lines."""
    text = table.markdown(results(LINE, replace(LINE, what="more", against="", baseline=None, ratio=None)))
    assert text.count("| **group** | | | | |\n") == 1
    assert "\n| what | 1.50 s | 2.0% | other: 3.00 s | 2.00 |\n| more | 1.50 s | 2.0% | | |\n" in text
    assert "- load: 0.10 before, 1.90 after" in text


def test_what_is_not_to_be_trusted_says_so() -> None:
    """A busy machine, a quick look, values far apart, and what could not be measured."""
    text = table.markdown(
        results(replace(LINE, spread=0.5), size="quick", warning="it was busy", failures=("cel: gone",))
    )
    assert "**Warning: it was busy**" in text
    assert "size: quick" in text
    assert "50.0% (!)" in text
    assert "Not measured: cel: gone" in text
    assert "(!)" not in table.markdown(results(LINE))


@pytest.mark.parametrize(
    ("ratio", "text"), [(None, ""), (0.0042, "0.0042"), (0.5, "0.50"), (23.7, "23.7"), (123.4, "123"), (1e5, "100000")]
)
def test_ratios_have_digits_that_say_something(ratio: float | None, text: str) -> None:
    """Two or three of them."""
    assert table.markdown(results(replace(LINE, ratio=ratio))).count(f"| {text} |\n" if text else "| |\n") >= 1


def test_files_have_everything(tmp_path: Path) -> None:
    """Ours all values, pyperf's what it can compare."""
    write(
        results(LINE, replace(LINE, name="part", unit=Unit.PERCENT), replace(LINE, name="zero", values=(0.0,))),
        tmp_path,
    )
    ours = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in ours["lines"]] == ["name", "part", "zero"]
    assert ours["lines"][0]["values"] == [1.0, 2.0]
    assert ours["lines"][0]["baseline"] == {"what": "other", "value": 3.0, "values": [3.0, 3.0]}
    theirs = pyperf.BenchmarkSuite.load(str(tmp_path / "pyperf.json"))
    assert {one.get_name(): one.get_values() for one in theirs.get_benchmarks()} == {"name": (1.0, 2.0)}


def test_every_claim_is_answered_where_all_is_measured() -> None:
    """Else it is said that it was not."""
    names = {name for claim in claims.CLAIMS for name in claim.lines}
    assert claims.missing(results()) == sorted(names)
    assert claims.markdown(results()).count("Not measured in this run.") == len(claims.CLAIMS)
    whole = results(*(replace(LINE, name=name, value=0.0001) for name in names))
    text = claims.markdown(whole)
    assert claims.missing(whole) == []
    assert "Not measured" not in text
    assert "10,000/s" in text
    for claim in claims.CLAIMS:
        assert f"| {claim.claimed} | " in text


def test_a_quick_look_says_nothing_of_numbers_that_it_does_not_have() -> None:
    """It restores and verifies fewer than the claim of warm-up is about."""
    lines = [replace(LINE, name=name) for name in ("restore", "warm", "warm-cpu")]
    assert "restored in 1.50 s: reached" in claims.markdown(results(*lines))
    assert "restored in" not in claims.markdown(results(*lines, size="quick"))


def test_a_claim_that_is_not_reached_says_so() -> None:
    """24,000 requests of 1 ms of CPU are the work of 24 cores, and not of 8."""
    lines = [replace(LINE, name=name, value=0.001) for name in ("check-known", "native-cpu", "envoy-cpu")]
    row = next(row for row in claims.markdown(results(*lines)).splitlines() if "24,000 auth" in row)
    assert "24.0 cores" in row
    assert row.endswith("not reached. |")


def test_a_page_keeps_what_is_around_the_marks() -> None:
    """And one without them is refused."""
    page = "head\n<!-- bench: table -->\nold\n<!-- bench: end of table -->\ntail\n"
    made = replaced(page, "table", "new\n")
    assert made == "head\n<!-- bench: table -->\n\nnew\n\n<!-- bench: end of table -->\ntail\n"
    assert replaced(made, "table", "new") == made
    with pytest.raises(NoMarkError, match="bench: claims"):
        replaced(page, "claims", "new")


def test_the_page_has_marks_for_both() -> None:
    """So ``make bench DOCS=1`` finds them."""
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for name in ("table", "claims"):
        assert "\nnew\n" in replaced(page, name, "new")


@pytest.mark.parametrize(
    ("before", "after", "said"), [(0.0, 0.0, ""), (99999.0, 0.0, "before it began"), (0.0, 99999.0, "meanwhile")]
)
def test_a_busy_machine_is_warned_of(before: float, after: float, said: str) -> None:
    """Before, where others are at work; after, where more are than are measured."""
    assert said in machine.warning(before, after)
    assert bool(machine.warning(before, after)) is bool(said)


def test_a_run_of_one_group_writes_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A worker takes the values, the table is printed; claims are for the whole suite."""
    assert main(["cache", "--size", "tiny", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| shared, a hit | " in printed
    assert "| claimed |" not in printed
    assert "- Python: " in printed
    assert {one.name for one in tmp_path.iterdir()} == {"bench.json", "bench.md", "pyperf.json"}


@pytest.mark.parametrize("asked", [["nobody"], ["--docs", "--size", "tiny"], ["--docs", "cache"]])
def test_what_makes_no_sense_is_refused(asked: list[str], tmp_path: Path) -> None:
    """A group that there is not, and a page with a part of the figures."""
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--output", str(tmp_path)])
    assert ended.value.code == 2
    assert not [*tmp_path.iterdir()]


def test_a_group_that_fails_is_told_with_its_reason() -> None:
    """The last line that its process wrote; the others are measured all the same."""
    told: list[str] = []
    broken = replace(TINY, name="no size of ours")
    (found,) = run(["cache"], broken, told.append)
    assert found == Failure("cache", "KeyError: 'no size of ours'")
    assert told[0].startswith("cache: ")


def test_values_of_several_processes_count_alike() -> None:
    """They are put together by line."""
    part = {"group": "g", "name": "n", "what": "w", "unit": "SECONDS", "against": "", "baseline_values": []}
    (made,) = together([[{**part, "values": [1.0, 2.0]}], [{**part, "values": [6.0]}]])
    assert (made.value, made.values, made.ratio) == (2.0, (1.0, 2.0, 6.0), None)


def test_groups_are_found_by_name() -> None:
    """Each has a title of its own; another name is an error."""
    assert len({load(name).TITLE for name in NAMES}) == len(NAMES)
    with pytest.raises(KeyError, match="no group 'other'"):
        load("other")
