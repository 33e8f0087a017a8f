"""The exposition: what Prometheus reads is what was counted, and named as Prometheus' rules say."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import inf

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from sidecar.core.reason import Reason
from sidecar.http.facts import Metrics
from sidecar.memory.labelled_layout import OTHER
from sidecar.memory.scoreboard import Overall, State
from sidecar.observe.exposition import Exposition
from sidecar.observe.facts import Facts
from sidecar.observe.series import (
    CHECK_DURATION,
    CHECKS,
    LOOKUP,
    MOST_CHECKS,
    RELOAD,
    SHED,
    VERIFICATION,
    Lookup,
    Reload,
    Route,
    Tier,
    Verification,
)
from support import openmetrics
from support.boards import NAMES, NOW, Shared, all_well, report, shared, supervised

DIGEST = bytes(range(32))
FACTS = Facts(DIGEST, 1_750_000_000.5, {"positive": 1792, "negative": 1024})
Labels = frozenset[tuple[str, str]]


@pytest.fixture
def made() -> Iterator[Shared]:
    """Give a scoreboard and counters."""
    with shared() as both:
        yield both


def metrics(made: Shared, facts: Facts = FACTS) -> Metrics:
    """Return the exposition of what was written there."""
    return Exposition(
        table=made.table,
        scoreboard=made.scoreboard,
        names=NAMES,
        build={"version": "0.1.0", "python": "3.11.2"},
        facts=lambda: facts,
        clock=lambda: NOW,
    )


def families(found: Metrics) -> dict[str, Metric]:
    """Return what Prometheus would read."""
    read = list(text_string_to_metric_families(found.exposition().decode()))
    assert len({family.name for family in read}) == len(read)
    return {family.name: family for family in read}


def samples(found: Metrics) -> dict[tuple[str, Labels], float]:
    """Return all samples; no two may be the same."""
    read = [sample for family in families(found).values() for sample in family.samples]
    named = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in read}
    assert len(named) == len(read)
    return named


def labels(**values: str) -> Labels:
    """Return labels as ``samples`` has them."""
    return frozenset(values.items())


def ending(outcome: str, reason: str, issuer: str = "", policy: str = "") -> Labels:
    """Return the labels of checks."""
    return labels(outcome=outcome, reason=reason, issuer=issuer, policy=policy)


def check(made: Shared, row: int, *ended: str, times: int = 1) -> None:
    """Count checks."""
    counters = made.table.row(row)
    counters.words[counters.labelled.number(ended)] += times


def test_counters_are_read_back(made: Shared) -> None:
    """Every counter is the sum of all rows, under its own labels."""
    for row in (0, 3):
        check(made, row, "allowed", "allowed", "https://idp.example", 'the "all" policy', times=2)
    check(made, 1, "denied", "token_expired", "", "")
    check(made, 2, "denied", "denied_by_policy", OTHER, OTHER)
    made.table.row(1).add(LOOKUP[Tier.L2, Lookup.TORN], 3)
    made.table.row(2).add(VERIFICATION[Route.POOL, Verification.LATE], 5)
    made.table.row(2).add(SHED, 6)
    made.table.row(0).add(RELOAD[Reload.REFUSED], 7)
    found = samples(metrics(made))
    assert {key: value for key, value in found.items() if value and key[0].endswith("_total")} == {
        ("authz_checks_total", ending("allowed", "allowed", "https://idp.example", 'the "all" policy')): 4,
        ("authz_checks_total", ending("denied", "token_expired")): 1,
        ("authz_checks_total", ending("denied", "denied_by_policy", OTHER, OTHER)): 1,
        ("authz_cache_lookups_total", labels(tier="l2", result="torn")): 3,
        ("authz_verifications_total", labels(route="pool", result="late")): 5,
        ("authz_shed_total", labels()): 6,
        ("authz_trust_reloads_total", labels(result="refused")): 7,
    }


def test_every_series_is_there_from_the_beginning(made: Shared) -> None:
    """A series that first shows up with its first event hides that event from ``rate()``."""
    found = samples(metrics(made))
    reasons = {dict(key)["reason"] for name, key in found if name == "authz_checks_total"}
    assert reasons == {reason.value for reason in Reason} - {"dry_run"}  # which is counted by what would have been
    assert found["authz_shed_total", labels()] == 0


def test_histogram_is_cumulative(made: Shared) -> None:
    """Buckets add up, the last is the count, and bounds are inclusive."""
    for row, seconds in ((0, 1e-5), (1, 2e-5), (1, 0.3), (2, 7.0)):
        made.table.row(row).observe(CHECK_DURATION, seconds)
    family = families(metrics(made))["authz_check_duration_seconds"]
    buckets = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
    assert all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(buckets))
    by_bound = dict(buckets)
    assert (by_bound[1e-5], by_bound[2.5e-5], by_bound[0.5], by_bound[1.0], by_bound[inf]) == (1, 2, 3, 3, 4)
    rest = {sample.name: sample.value for sample in family.samples if not sample.labels}
    assert rest["authz_check_duration_seconds_count"] == 4
    assert rest["authz_check_duration_seconds_sum"] == pytest.approx(7.30003)


def test_children(made: Shared) -> None:
    """Each child is told from both its lines."""
    all_well(made.scoreboard)
    made.scoreboard.write_report(1, report(state=State.DRAINING))
    made.scoreboard.write_supervised(2, supervised(pid=None, crash_loop=True))
    made.scoreboard.write_supervised(3, supervised(incarnation=4, restarts=3))
    found = samples(metrics(made))
    assert [found["authz_child_up", labels(child=name)] for name in NAMES] == [1, 0, 0, 0]
    assert [found["authz_child_restarts_total", labels(child=name)] for name in NAMES] == [2, 2, 2, 3]
    assert [found["authz_child_crash_loop", labels(child=name)] for name in NAMES] == [0, 0, 1, 0]
    assert found["authz_child_heartbeat_age_seconds", labels(child="control")] == 0.5
    assert found["authz_child_connections", labels(child="server-0")] == 7
    states = {dict(key)["state"] for (name, key), value in found.items() if name == "authz_child_state" and value}
    assert states == {"ready", "draining"}
    # A verifier that is not to run for now is not down: nothing is told of it.
    made.scoreboard.write_supervised(3, supervised(pid=None, resting=True))
    assert not [key for key in samples(metrics(made)) if dict(key[1]).get("child") == "verifier-0"]
    # What a dead incarnation said is nothing to go by.
    assert ("authz_child_connections", labels(child="verifier-0")) not in found


def test_unknown_is_no_number(made: Shared) -> None:
    """What is unknown has no sample: neither 0 nor an age since the machine started. It is not up, though."""
    found = samples(metrics(made, Facts()))
    names = {name for name, key in found if not name.endswith(("_total", "_bucket", "_count", "_sum"))}
    assert names == {"authz_child_up", "authz_build_info"}
    assert [found["authz_child_up", labels(child=name)] for name in NAMES] == [0, 0, 0, 0]


def test_trust_and_build(made: Shared) -> None:
    """Which configuration is in force, since when, and in which build."""
    made.scoreboard.write_overall(Overall(pid=1, heartbeat_at=NOW - 2, generation=5, draining=True))
    found = samples(metrics(made))
    assert found["authz_trust_generation", labels()] == 5
    assert found["authz_trust_info", labels(digest="0001020304050607")] == 1
    assert found["authz_trust_last_reload_timestamp_seconds", labels()] == 1_750_000_000.5
    assert found["authz_cache_slots", labels(kind="positive")] == 1792
    assert found["authz_build_info", labels(version="0.1.0", python="3.11.2")] == 1
    assert found["authz_supervisor_heartbeat_age_seconds", labels()] == 2
    assert found["authz_draining", labels()] == 1


def test_clock_that_is_behind(made: Shared) -> None:
    """A heartbeat that came between clock and reading makes no negative age."""
    all_well(made.scoreboard)
    made.scoreboard.write_report(0, report(heartbeat_at=NOW + 0.1))
    assert samples(metrics(made))["authz_child_heartbeat_age_seconds", labels(child="control")] == 0


#: Names that operators know.
KNOWN = {"process_pool_active", "process_pool_utilization", "pool_completed_tasks", "system_cpu_percent"}
NOT_BASE = re.compile(r"_(ms|us|ns|milliseconds|microseconds|minutes|hours|kb|mb|kibibytes|percent)(_|$)")


def test_names_follow_prometheus_rules(made: Shared) -> None:
    """What ``promtool check metrics`` asks for: prefix, base units, suffixes, help, no type or label in a name."""
    all_well(made.scoreboard)
    for name, family in families(metrics(made)).items():
        if name not in KNOWN:
            assert re.fullmatch(r"authz(_[a-z0-9]+)+", name)
            assert not NOT_BASE.search(name)
        assert not re.search(r"_(counter|gauge|histogram|summary|metric|total|count|sum|bucket)$", name)
        assert family.documentation.endswith(".")
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert sample.timestamp is None
            assert all(re.fullmatch(r"[a-z]+", label) for label in sample.labels)
            assert sample.value >= 0
    for text in (metrics(made).exposition(), metrics(made).openmetrics()):
        assert b"_created" not in text
        assert text.endswith(b"\n")


def test_number_of_series_is_bounded(made: Shared) -> None:
    """Nothing that a caller sends can make a series: there are as many as enums and children make."""
    all_well(made.scoreboard)
    before = set(samples(metrics(made)))
    for ended in CHECKS.series[: len(CHECKS.series) // 2]:
        check(made, 0, *ended, times=1000)
    assert set(samples(metrics(made))) == before
    assert len(before) < 290


def test_number_of_series_is_bounded_whatever_is_configured(made: Shared) -> None:
    """However many issuers and policies there are, a process tells some hundreds apart, and counts all."""
    before = len(samples(metrics(made)))
    for number in range(MOST_CHECKS + 100):
        check(made, 1, "denied", "denied_by_policy", "https://idp.example", f"policy-{number}")
    found = samples(metrics(made))
    assert len(found) <= before + MOST_CHECKS + 1
    assert sum(found[key] for key in found if key[0] == "authz_checks_total") == MOST_CHECKS + 100


def test_openmetrics_tells_the_same(made: Shared) -> None:
    """In its own format, which a parser of its own reads."""
    all_well(made.scoreboard)
    check(made, 0, "allowed", "allowed", "https://idp.example", 'line\nbreak \\ and "quote"', times=3)
    made.table.row(0).observe(CHECK_DURATION, 0.0002)
    found = metrics(made)
    read = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in openmetrics.families(found.openmetrics().decode())
        for sample in family.samples
    }
    assert read == samples(found)
    assert found.openmetrics().endswith(b"# EOF\n")


def test_exemplars_are_in_openmetrics_alone(made: Shared) -> None:
    """Each beside the bucket that its value is in, with the trace's id in hexadecimal digits."""
    made.table.row(1).observe(CHECK_DURATION, 0.0002)
    made.table.row(1).exemplars.note(0.0002, DIGEST[:16], 1_750_000_000.25)
    found = metrics(made)
    (family,) = (
        one for one in openmetrics.families(found.openmetrics().decode()) if one.name == "authz_check_duration_seconds"
    )
    (sample,) = (one for one in family.samples if one.exemplar)
    assert (sample.name, sample.labels, sample.value) == (f"{family.name}_bucket", {"le": "0.00025"}, 1)
    assert sample.exemplar is not None
    assert sample.exemplar.labels == {"trace_id": DIGEST[:16].hex()}
    assert (sample.exemplar.value, float(sample.exemplar.timestamp or 0)) == (0.0002, 1_750_000_000.25)
    assert DIGEST[:16].hex().encode() not in found.exposition()
