"""Alerts: each at its threshold, not a hair before, and never from what is unknown or too little."""

from dataclasses import replace

import pytest

from sidecar.report.alerts.kinds import KINDS, threshold_of
from sidecar.report.model import Report, Severity
from sidecar.report.sample import HookTotals, Moment, PoolTotals
from sidecar.report.standing import BundleStanding, CertificateStanding, KeySetStanding, RevocationStanding
from support.reports import LIMITS, SETUP, Load, after, alerts_of, moment, seen


def _checks(denied: int, reason: str, allowed: int) -> Load:
    return Load(checks={("allowed", "allowed"): allowed, ("denied", reason): denied})


def _lookups(tier: str, hit: int, miss: int, torn: int = 0) -> dict[tuple[str, str], int]:
    return {(tier, "hit"): hit, (tier, "miss"): miss, (tier, "torn"): torn}


def _pool(**members: object) -> Load:
    whole = replace(PoolTotals(1000, 0, 0.0), **members)  # type: ignore[arg-type] # its fields, by their names
    return Load(pools={"verifier": whole})


def _hook(durations: tuple[int, ...], **results: int) -> Load:
    return Load(hooks={"mine:hook": HookTotals(1000, 0, results, seen(*durations), 0)})


def _forged(source: str) -> dict[tuple[str, str], int]:
    return {("revocations", f"{source}_forged"): 1}


#: What alerts in 5 minutes, and what does not by a little.
_RATES = {
    "errors": (_checks(10, "overloaded", 990), _checks(9, "overloaded", 991)),
    "denials": (_checks(500, "no_credential", 500), _checks(499, "no_credential", 501)),
    "forged": (_checks(100, "bad_signature", 900), _checks(99, "bad_signature", 901)),
    "shed": (
        replace(_checks(0, "overloaded", 10_000), shed=10),
        replace(_checks(0, "overloaded", 10_000), shed=9),
    ),
    "latency": (
        replace(_checks(0, "overloaded", 1000), durations=seen(980, 0, 20)),
        replace(_checks(0, "overloaded", 1000), durations=seen(991, 0, 9)),
    ),
    "cache_hits": (
        Load(lookups=_lookups("l1", 499, 501)),
        Load(lookups=_lookups("l1", 500, 500)),
    ),
    "cache_evictions": (
        Load(lookups=_lookups("l2", 9000, 1000), evictions={"l2": 100}),
        Load(lookups=_lookups("l2", 9000, 1000), evictions={"l2": 99}),
    ),
    "cache_torn": (Load(lookups=_lookups("l2", 9990, 0, 10)), Load(lookups=_lookups("l2", 9991, 0, 9))),
    "pool_busy": (_pool(busy_seconds=240.0), _pool(busy_seconds=239.0)),
    "pool_failures": (_pool(failed=10), _pool(failed=9)),
    "queue_wait": (_pool(waits=seen(900, 100)), _pool(waits=seen(991, 9))),
    "hook_failures": (_hook((1000,), failed=5, timeout=5, deny=990), _hook((1000,), failed=5, timeout=4, deny=991)),
    "hook_slow": (_hook((0, 0, 1000), allow=1000), _hook((1000,), allow=1000)),
    "cpu_busy": (Load(cpu={"server-1": 0.8501}), Load(cpu={"server-1": 0.849})),
    "loop_lag": (Load(loop_lag=seen(980, 0, 20)), Load(loop_lag=seen(991, 9))),
    "grpc_errors": (Load(events={("grpc_errors", "internal"): 1}), Load(events={("grpc_errors", "not_found"): 9})),
    "forged_revocations": (Load(events=_forged("feed")), Load(events=_forged("file"))),
    "restarts": (Load(restarts={"server-1": 3}), Load(restarts={"server-1": 2})),
}

_KEYS = KeySetStanding("https://idp.example", 2, 100.0, 1000.0, 0.1, 0, 30 * 86400.0)
_LIST = RevocationStanding(10, 1000, 0.01, complete=True, feed_connected=True, feed_lag_seconds=1.0, feed_gaps=0)
_BUNDLE = BundleStanding(
    "rules", in_force=True, version=3, age_seconds=5.0, expires_in_seconds=None, failures_in_a_row=0
)


def _keys(**members: object) -> Moment:
    return moment(key_sets=(replace(_KEYS, **members),))  # type: ignore[arg-type] # its fields, by their names


def _list(**members: object) -> Moment:
    return moment(revocation=replace(_LIST, **members))  # type: ignore[arg-type] # its fields, by their names


def _child(**members: object) -> Moment:
    found = moment()
    first, *rest = found.processes
    return replace(found, processes=(replace(first, **members), *rest))  # type: ignore[arg-type] # its fields


#: What alerts however short it was observed, and what does not by a little.
_MOMENTS = {
    "memory": (moment(memory_used_bytes=966_367_642), moment(memory_used_bytes=966_367_641)),
    "reload_refused": (moment(reload_ok=False), moment(reload_ok=None)),
    "crash_loop": (_child(crash_loop=True), _child()),
    "process_down": (
        _child(up=False, state=None, pid=None),
        _child(up=False, state="starting", age_seconds=59.0),
    ),
    "keys_missing": (_keys(keys=0), _keys(keys=1)),
    "keys_stale": (_keys(stale_share=0.5), _keys(stale_share=0.49)),
    "fetch_failures": (_keys(failures_in_a_row=3), _keys(failures_in_a_row=2)),
    "certificate_expiry": (
        _keys(certificate_expires_in_seconds=14 * 86400 - 1.0),
        _keys(certificate_expires_in_seconds=14 * 86400.0),
    ),
    "feed_lost": (_list(feed_connected=False), _list(feed_connected=None)),
    "feed_lag": (_list(feed_lag_seconds=30.0), _list(feed_lag_seconds=29.9)),
    "feed_gaps": (_list(feed_gaps=1), _list()),
    "denylist_full": (_list(entries=800), _list(entries=799)),
    "denylist_incomplete": (_list(complete=False), _list()),
    "bundle_out_of_force": (moment(bundle=replace(_BUNDLE, in_force=False)), moment(bundle=_BUNDLE)),
}


def test_all_alerts_are_tested() -> None:
    """There is a case for each alert."""
    assert {*_RATES, *_MOMENTS} == set(KINDS)


@pytest.mark.parametrize("kind", _RATES)
def test_at_the_threshold(kind: str) -> None:
    """At the threshold it alerts, with value and threshold; a little before it does not."""
    loud, quiet = map(after, _RATES[kind])
    found = [one for one in loud.alerts if one.id == kind]
    assert [one.severity for one in found] == [KINDS[kind].severity]
    assert found[0].threshold == threshold_of(kind, LIMITS)
    assert (found[0].value < found[0].threshold) == KINDS[kind].below
    assert kind not in alerts_of(quiet)


@pytest.mark.parametrize("kind", [kind for kind in _RATES if KINDS[kind].window != "now"])
def test_not_before_there_is_enough(kind: str) -> None:
    """A minute after the start is the earliest, and shares need a hundred."""
    load, few = _RATES[kind][0], replace(LIMITS, min_checks=1_000_000)
    assert kind not in alerts_of(after(load, seconds=59.0))
    counted = {"restarts", "cpu_busy", "grpc_errors", "forged_revocations"}
    assert (kind in alerts_of(after(load, limits=few))) == (kind in counted)


@pytest.mark.parametrize("kind", _MOMENTS)
def test_how_things_stand(kind: str) -> None:
    """What is so now is alerted about at once."""
    loud, quiet = (after(at=at, seconds=0.0) for at in _MOMENTS[kind])
    assert alerts_of(loud) >= {kind}
    assert kind not in alerts_of(quiet)


def test_all_is_well() -> None:
    """A sidecar that is well has no alert and no advice."""
    found = _well()
    assert (found.alerts, found.advice) == ((), ())


def _well() -> Report:
    load = replace(
        _checks(10, "no_credential", 9990),
        durations=seen(10_000),
        lookups=_lookups("l1", 9900, 100) | _lookups("l2", 90, 10),
        verifications={("inline", "valid"): 10},
        pools={"verifier": PoolTotals(1000, 0, 30.0, seen(1000))},
        hooks={"mine:hook": HookTotals(1000, 0, {"deny": 1000}, seen(1000), 0)},
        cpu={"server-0": 0.2, "server-1": 0.2, "verifier-0": 0.1},
        machine=1.0,
        loop_lag=seen(1000),
    )
    at = moment(key_sets=(_KEYS,), revocation=_LIST, bundle=_BUNDLE, memory_used_bytes=1 << 28)
    return after(load, at, seconds=900.0)


def test_our_own_certificates() -> None:
    """Of those it is said whose listener they are for, and when they end or have ended."""
    day = 86400.0
    ours = (CertificateStanding("checks", "tls.certificate_file", 14 * day), CertificateStanding("admin", "x", -day))
    found = after(at=moment(certificates=ours))
    assert [(one.about, one.text) for one in found.alerts] == [
        ("admin", "the certificate of the admin listener expired 24 h ago")
    ]
    assert [(one.id, one.about) for one in found.advice] == [("certificate_expiry", "admin")]


def test_the_most_severe_first() -> None:
    """Whatever is critical comes before all warnings."""
    found = after(replace(_checks(400, "overloaded", 600), shed=400), _keys(failures_in_a_row=9))
    severities = [one.severity for one in found.alerts]
    assert severities == sorted(severities, key=[Severity.CRITICAL, Severity.WARNING].index)
    assert len(set(severities)) == 2


def test_a_sidecar_on_its_way_out_is_not_down() -> None:
    """While it drains its processes end, as they are to."""
    assert "process_down" not in alerts_of(after(at=replace(_child(up=False, state="draining"), draining=True)))


@pytest.mark.parametrize(("role", "alerts"), [("verifier", False), ("server", True)])
def test_a_verifier_that_leaves_is_not_down(role: str, *, alerts: bool) -> None:
    """Where there are to be fewer one ends what it has and goes; a server that does so by itself is missed."""
    found = alerts_of(after(at=_child(up=False, state="draining", role=role)))
    assert ("process_down" in found) is alerts


def test_unknown_is_no_alert() -> None:
    """Where figures are missing nothing is said of them."""
    bare = _keys(age_seconds=None, stale_share=None, failures_in_a_row=None, certificate_expires_in_seconds=None)
    limits = replace(bare.setup, memory_limit_bytes=None, cpus=None)
    assert alerts_of(after(Load(), replace(bare, setup=limits, memory_used_bytes=1 << 40))) == set()


def test_thresholds_are_settings() -> None:
    """With another threshold the same figures alert, and the alert says which setting that is."""
    load = _checks(2, "overloaded", 998)
    assert "errors" not in alerts_of(after(load))
    alert = after(load, limits=replace(LIMITS, error_share=0.002)).alerts[0]
    assert (alert.id, alert.setting, alert.threshold, alert.value) == ("errors", "report.error_share", 0.002, 0.002)


def test_setup_is_as_the_tests_think() -> None:
    """The borders above are those of this set-up."""
    assert (SETUP.memory_limit_bytes, LIMITS.memory_share, SETUP.hook_limits["mine:hook"]) == (1 << 30, 0.9, 0.02)
