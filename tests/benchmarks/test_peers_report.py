"""The page and the file of a run."""

import re
from pathlib import Path

import pytest
from peers.better import better
from peers.plan import REFERENCE, Tokens
from peers.report import page, table
from peers.results import Failure, Measure, read

from support.peer_results import measure, results

OURS = measure("native-uds", p99=2.0, sidecar_cpu=10.0)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """The file has everything that the page is made of."""
    written = results([OURS, measure("go")])
    written.unavailable["opa"] = "no binary"
    written.failures.append(Failure("go", REFERENCE.name, 0, "refused"))
    written.write(tmp_path / "results" / "peers.json")
    found = read(tmp_path / "results" / "peers.json")
    assert found == written
    assert [cell.tokens is Tokens.THOUSAND for cell in found.cells] == [True, True]  # a member, no mere text


def test_a_contender_that_did_not_start_is_on_the_page() -> None:
    """Nobody is dropped silently: the page says who and why."""
    found = results([OURS])
    found.unavailable["opa"] = "no binary was named"
    assert "| opa | no binary was named |" in page(found)


def test_a_load_without_figures_is_on_the_page() -> None:
    """A load that a contender did not stand is told where its figures would be."""
    found = results([OURS, measure("go")])
    found.failures.append(Failure("go", REFERENCE.name, 1, "7 answers were no 2xx"))
    assert "No figures in round 2 for title of go: 7 answers were no 2xx." in page(found)


def test_settings_and_machine_are_on_the_page() -> None:
    """A reader can judge whether a peer was treated fairly."""
    text = page(results([OURS, measure("go")]))
    assert "| title of go | settings of go |" in text
    assert "| processor | made up |" in text


@pytest.mark.parametrize(
    ("theirs", "figure"),
    [
        (measure("go", p99=1.0, sidecar_cpu=20.0), "p99 (ms)"),
        (measure("jwt_authn", p99=9.0, sidecar_cpu=0.0), "CPU, Envoy + sidecar (µs)"),
        (measure("opa", p99=9.0, sidecar_cpu=20.0, seconds=5.0), "requests/s"),
    ],
    ids=["less time", "less work", "more requests"],
)
def test_every_figure_in_which_a_peer_is_better_is_found(theirs: Measure, figure: str) -> None:
    """Whatever a peer does better is told, with both figures."""
    found = list(better(results([OURS, theirs])))
    assert [(one.figure, list(one.theirs)) for one in found] == [(figure, [f"title of {theirs.contender}"])]


def test_our_own_settings_and_no_filter_are_no_peers() -> None:
    """Only what decides, and is not ours, can be better."""
    assert list(better(results([OURS, measure("none", p99=0.1), measure("grpcio", p99=0.1)]))) == []


def test_a_table_is_one_line_a_row() -> None:
    """Line breaks and bars in an error's text do not break the page."""
    assert table(["a"], [["one\ntwo | three"]]).splitlines()[-1] == "| one two / three |"


def test_charts_are_small_and_have_no_background(tmp_path: Path) -> None:
    """Charts are drawn in a tone that shows on white and on black, on nothing."""
    pytest.importorskip("matplotlib")
    from peers import charts  # noqa: PLC0415 - matplotlib is not needed for anything else here

    rules = [measure(f"rules-{number}", sidecar_cpu=number + 10.0) for number in (1, 10)]
    charts.write(results([OURS, measure("go"), *rules], ("rules-1", "rules-10")), tmp_path)
    files = sorted(tmp_path.glob("*.svg"))
    assert [file.name for file in files] == ["peers-cpu.svg", "peers-latency.svg", "peers-rules.svg"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert len(text) < 40_000
        assert not re.search(r"fill: #(000000|ffffff)", text)
        assert "fill: none" in text
