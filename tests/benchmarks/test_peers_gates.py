"""What was aimed at, held against made-up figures."""

import pytest
from peers.gates import Gate, gates
from peers.plan import ALONE
from peers.results import Measure

from support.peer_results import measure, results


def gate(measures: list[Measure], what: str) -> Gate:
    """Return the gate that is called so."""
    return next(one for one in gates(results(measures)) if one.what == what)


def test_without_figures_nothing_is_met() -> None:
    """An aim that was not measured says so, and never that it is met."""
    assert {one.verdict for one in gates(results([]))} == {"not measured"}


@pytest.mark.parametrize(("cost", "verdict"), [(12.0, "met"), (12.1, "not met")])
def test_the_limit_itself_is_met(cost: float, verdict: str) -> None:
    """12 µs or less are met."""
    assert gate([measure("native-uds", sidecar_cpu=cost)], "sidecar CPU a check").verdict == verdict


def test_go_s_better_setting_counts() -> None:
    """Of two settings of a peer the one that is harder to beat is taken."""
    measures = [measure("native-uds", sidecar_cpu=10.0), measure("go", sidecar_cpu=40.0)]
    better = measure("go-1", sidecar_cpu=20.0)
    found = gate([*measures, better], "sidecar CPU / Go server's")
    assert (found.value, found.verdict) == (0.5, "not met")
    assert gate(measures, "sidecar CPU / Go server's").verdict == "met"


def test_envoy_and_sidecar_are_compared_together() -> None:
    """jwt_authn has no sidecar: its Envoy is held against our Envoy and sidecar."""
    ours = measure("native-uds", envoy_cpu=30.0, sidecar_cpu=12.0)
    theirs = measure("jwt_authn", envoy_cpu=60.0, sidecar_cpu=0.0)
    assert gate([ours, theirs], "Envoy + sidecar CPU / Envoy with jwt_authn, no cache").value == pytest.approx(0.7)


def test_latency_is_that_of_one_connection() -> None:
    """p50 and p99 are looked at where nothing queues."""
    measures = [measure("native-uds", ALONE.name, p50=1.0, p99=3.0), measure("go", ALONE.name, p50=2.0, p99=4.0)]
    assert gate(measures, "1 connection: p50 / Go's").value == 0.5
    assert gate(measures, "1 connection: p99 / Go's").verdict == "not met"


def test_rules_are_compared_with_one_rule() -> None:
    """Cost is to be flat."""
    measures = [measure("rules-1", sidecar_cpu=10.0), measure("rules-1000", sidecar_cpu=30.0)]
    found = gate(measures, "sidecar CPU with 1000 rules / with 1")
    assert (found.value, found.limit, found.verdict) == (3.0, 2.0, "not met")


def test_the_median_of_the_rounds_counts() -> None:
    """One round that was disturbed changes nothing."""
    rounds = [measure("native-uds", number=number, sidecar_cpu=cost) for number, cost in enumerate((11.0, 500.0, 10.0))]
    assert gate(rounds, "sidecar CPU a check").value == 11.0
