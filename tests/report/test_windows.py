"""Windows and history: which samples are taken, and what comes of delays, restarts and clocks."""

from dataclasses import replace

import pytest

from sidecar.memory import labelled_layout
from sidecar.report.build import report
from sidecar.report.figures import NamedChecks
from sidecar.report.history import KEPT, History
from sidecar.report.model import Direction
from sidecar.report.named import MOST_NAMES, OTHER
from sidecar.report.sample import HookTotals, PoolTotals, ProcessTotals, Sample
from sidecar.report.windows import base_of
from support.reports import LIMITS, Load, after, history, moment, seen

_LOAD = Load(
    checks={("allowed", "allowed"): 24_000, ("denied", "overloaded"): 3000, ("denied", "bad_signature"): 3000},
    durations=seen(30_000),
)


def test_rates_are_the_same_in_all_windows_of_a_steady_load() -> None:
    """100 checks a second are that in the live window and over 1, 5 and 15 minutes, each as long as it says."""
    found = after(_LOAD, seconds=902.0)
    spans = {one.name: one.seconds for one in (found.live, *found.windows)}
    assert spans == {"live": 7.0, "1m": 62.0, "5m": 302.0, "15m": 902.0}
    for window in (found.live, *found.windows):
        assert window.checks.per_second == pytest.approx(100.0, rel=0.02)
        assert window.checks.denied_share == pytest.approx(0.2, rel=0.02)
        assert window.checks.error_share == pytest.approx(0.1, rel=0.02)
        assert window.checks.forged_share == pytest.approx(0.1, rel=0.02)


def test_counts_are_exact() -> None:
    """A window has exactly what was counted between its two samples, reasons with the most first."""
    before = Sample(10.0, {("allowed", "allowed"): 5, ("denied", "no_credential"): 1}, seen(6))
    now = Sample(20.0, {("allowed", "allowed"): 7, ("denied", "no_credential"): 9}, seen(6, 10))
    live = report([before], now, moment(), LIMITS).live
    assert [(one.reason, one.count, one.per_second) for one in live.checks.reasons] == [
        ("no_credential", 8, 0.8),
        ("allowed", 2, 0.2),
    ]
    assert live.checks.latency.count == 10
    assert 0.001 <= (live.checks.latency.p50_seconds or 0) <= 0.01


def test_by_issuer_and_policy() -> None:
    """Each check is of one issuer and one policy, of none too; what did not happen in between is left out."""
    issuers = {("a", "allowed"): 10, ("a", "denied"): 1, ("b", "denied"): 7}
    now = Sample(
        20.0,
        {},
        seen(),
        issuers={**issuers, ("a", "denied"): 5, ("", "denied"): 20, ("a", "would_deny"): 4},
        policies={("p", "allowed"): 20, ("", "denied"): 30},
    )
    live = report(
        [Sample(10.0, {}, seen(), issuers=issuers, policies={("p", "allowed"): 10})], now, moment(), LIMITS
    ).live
    assert live.issuers == (NamedChecks("", 20, 2.0, 20, 2.0, 1.0, 0), NamedChecks("a", 8, 0.8, 4, 0.4, 0.5, 4))
    assert live.policies == (NamedChecks("", 30, 3.0, 30, 3.0, 1.0, 0), NamedChecks("p", 10, 1.0, 0, 0.0, 0.0, 0))


def test_names_that_are_not_told_apart() -> None:
    """Those with the fewest checks are added up, with what the counters had no room for: a report stays small."""
    counts = {(f"p{number}", "denied"): 100 + number for number in range(MOST_NAMES)}
    others = {("few", "allowed"): 3, ("less", "denied"): 2, (labelled_layout.OTHER, "denied"): 1}
    found = report([Sample(0.0, {}, seen())], Sample(5.0, {}, seen(), policies=counts | others), moment(), LIMITS).live
    assert len(found.policies) == MOST_NAMES + 1
    last = found.policies[-1]
    assert (last.name, last.count, last.denied) == (OTHER, 6, 3)
    assert sum(one.count for one in found.policies) == sum(counts.values()) + 6


def test_dry_run_denies_nothing() -> None:
    """What would be denied is no denial and no error; what is forged is so all the same."""
    checks = after(Load(checks={("would_deny", "overloaded"): 150, ("would_deny", "bad_signature"): 150})).live.checks
    assert (checks.denied_share, checks.error_share) == (0.0, 0.0)
    assert checks.forged_share == pytest.approx(0.5, abs=0.2)


def test_shortly_after_the_start_windows_are_short() -> None:
    """With 40 s of samples all windows cover 40 s, and say so."""
    found = after(_LOAD, seconds=40.0)
    assert {one.seconds for one in found.windows} == {40.0}
    assert found.observed_seconds == 40.0


def test_without_samples_nothing_is_known() -> None:
    """The very first report has windows of no length, without rates and shares."""
    found = report([], _LOAD.sample(300.0), moment(), LIMITS)
    assert {one.seconds for one in found.windows} == {0.0}
    assert found.windows[0].checks.count == 0
    assert found.windows[0].checks.denied_share is None
    assert (found.alerts, found.advice) == ((), ())


def test_late_sample_makes_a_longer_window() -> None:
    """Where control was stopped for 20 minutes the live window covers them: their mean, and no burst."""
    found = report([_LOAD.sample(0.0)], _LOAD.sample(1200.0), moment(), LIMITS)
    assert found.live.seconds == 1200.0
    assert found.live.checks.per_second == pytest.approx(100.0)


def test_a_clock_that_is_set_does_not_matter() -> None:
    """The wall clock is told, and nothing is reckoned with it."""
    early, late = (after(_LOAD, moment(made_at=at)) for at in (0.0, 4e9))
    assert early.windows == late.windows


def test_totals_survive_restarts() -> None:
    """A row outlives its process, so that a restart shows in restarts alone; what went back all the same is nothing."""
    before = Sample(0.0, {("allowed", "allowed"): 100}, seen(100), processes={"server-0": ProcessTotals(1, 50.0)})
    now = Sample(10.0, {("allowed", "allowed"): 40}, seen(40), processes={"server-0": ProcessTotals(3, 20.0)})
    live = report([before], now, moment(), LIMITS).live
    server = next(one for one in live.processes if one.name == "server-0")
    assert live.checks.count == 0
    assert (server.restarts, server.restarts_within, server.cpu_share) == (3, 2, 0.0)


def test_unknown_figures_stay_unknown() -> None:
    """What nobody measures is not 0."""
    found = after(_LOAD)
    server = found.live.processes[1]
    assert (server.cpu_share, server.rss_bytes, server.loop_lag_seconds, found.live.loop_lag) == (
        None,
        None,
        None,
        None,
    )
    assert (found.machine.cpu_used, found.machine.cpu_idle, found.machine.memory_used_bytes) == (None, None, None)


def test_pools() -> None:
    """Busy time is a share of that of all processes; tasks by handovers are the batch's size."""
    pool = PoolTotals(tasks=3000, failed=30, busy_seconds=150.0, waits=seen(3000), handovers=300, shed=30)
    setup = moment().setup
    found = after(Load(pools={"verifier": pool}), moment(workers={"verifier": 2}, queue_depths={"verifier": 7}))
    use = found.windows[1].pools[0]
    assert (use.pool, use.workers, use.tasks, use.queue_depth, use.shed) == ("verifier", 2, 3000, 7, 30)
    assert use.busy_share == pytest.approx(0.25)
    assert use.success_share == pytest.approx(0.99)
    assert use.batch_mean == pytest.approx(10.0)
    assert setup.verifiers == 1


def test_pool_whose_size_changed() -> None:
    """It is busy by the time for which its processes were there, whatever their number is now."""
    pool = PoolTotals(tasks=3000, failed=0, busy_seconds=150.0, there_seconds=200.0)
    load = Load(pools={"verifier": pool})
    before, now = load.sample(0.0), load.sample(300.0)
    before, now = (
        replace(one, pools={"verifier": replace(one.pools["verifier"], there_seconds=there)})
        for one, there in ((before, 0.0), (now, 200.0))
    )
    use = report([before], now, moment(workers={"verifier": 1}), LIMITS).windows[1].pools[0]
    assert use.workers == 1
    assert use.busy_share == pytest.approx(0.75)


def test_idle_cpus_are_ours_and_the_machines() -> None:
    """Idle is what our quota leaves, and at the most what the whole machine has left."""
    ours = {"server-0": 1.0}
    assert after(Load(cpu=ours)).machine.cpu_idle == pytest.approx(3.0)
    assert after(Load(cpu=ours, machine=1.0)).machine.cpu_idle == pytest.approx(3.0)
    assert after(Load(cpu=ours, machine=3.5)).machine.cpu_idle == pytest.approx(0.5)


def test_hooks() -> None:
    """Shares of a hook are of what ended, and of the times it was wanted."""
    results = {"deny": 60, "failed": 30, "timeout": 10, "nothing": 0}
    use = after(Load(hooks={"mine:hook": HookTotals(100, 300, results, seen(100), 1)})).windows[1].hooks[0]
    assert (use.calls, use.failed_share, use.kept_share, use.moved) == (100, 0.4, 0.75, 1)
    assert use.results == {"deny": 60, "failed": 30, "timeout": 10}


def test_base_is_the_latest_that_is_old_enough() -> None:
    """A sample that is a moment too young for its window is old enough, so that 60 s are not 65."""
    samples = [Sample(at, {}, seen()) for at in (0.0, 5.3, 10.2, 15.0)]
    assert base_of(samples, Sample(20.0, {}, seen()), 10.0).at == 10.2
    assert base_of(samples, Sample(20.0, {}, seen()), 900.0).at == 0.0
    assert base_of([], Sample(20.0, {}, seen()), 900.0).at == 20.0


def test_history_is_bounded() -> None:
    """However long it runs, 15 minutes are kept."""
    kept = History()
    for step in range(1000):
        kept.add(Sample(step * 5.0, {}, seen()))
    samples = kept.until(1e9)
    assert len(samples) == KEPT == 181
    assert samples[-1].at - samples[0].at == 900.0


def test_history_is_in_order() -> None:
    """A sample that is not later than the last is left out, and what came after a time is not given."""
    kept = History()
    for at in (5.0, 5.0, 3.0, 8.0):
        kept.add(Sample(at, {}, seen()))
    assert [one.at for one in kept.until(1e9)] == [5.0, 8.0]
    assert [one.at for one in kept.until(8.0)] == [5.0]


def test_series_have_a_point_for_each_stretch() -> None:
    """Between n samples there are n - 1 stretches, the oldest first; all series have as many points."""
    found = after(_LOAD, seconds=60.0).series
    assert found.ages_seconds == tuple(float(age) for age in range(55, -1, -5))
    assert found.checks_per_second == tuple([100.0] * 12)
    assert found.error_per_second == pytest.approx([10.0] * 12)
    assert found.hit_ratio == (None,) * 12
    assert after(_LOAD, seconds=0.0).series.checks_per_second == ()


def test_trend_of_a_rate_that_doubles() -> None:
    """A load that doubled a minute ago rises, one that stopped falls, and one that stays is steady."""
    quiet = history(_LOAD, 840.0)
    for factor, direction in ((2.0, Direction.RISING), (0.0, Direction.FALLING), (1.0, Direction.STEADY)):
        last = {key: round(count * 840 / 300) for key, count in _LOAD.checks.items()}
        more = {key: count + round(_LOAD.checks[key] * factor * 60 / 300) for key, count in last.items()}
        found = report(quiet, Sample(900.0, more, seen()), moment(), LIMITS)
        trend = next(one for one in found.trends if one.name == "checks")
        assert trend.direction is direction
        assert trend.last_1m == pytest.approx(100.0 * factor)


def test_trend_takes_time() -> None:
    """Before there are 5 minutes of samples nobody can tell where anything is heading."""
    assert {one.direction for one in after(_LOAD, seconds=200.0).trends} == {Direction.UNKNOWN}


def test_series_say_what_windows_say() -> None:
    """The last point is that of the live window, where both are of one stretch."""
    load = Load(
        checks=_LOAD.checks,
        durations=seen(20_000, 9000, 1000),
        lookups={("l1", "hit"): 9000, ("l1", "miss"): 3000, ("l2", "hit"): 1500, ("l2", "miss"): 1500},
        verifications={("inline", "valid"): 1500},
    )
    found = after(load, seconds=60.0)
    live, series = found.live, found.series
    assert live.seconds == 5.0
    assert series.checks_per_second[-1] == live.checks.per_second
    assert series.denied_per_second[-1] == live.checks.denied_per_second
    assert series.p50_seconds[-1] == live.checks.latency.p50_seconds
    assert series.p99_seconds[-1] == live.checks.latency.p99_seconds
    assert series.hit_ratio[-1] == live.hit_ratio
    assert series.verifications_per_second[-1] == live.verifications.per_second
