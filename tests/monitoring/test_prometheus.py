"""A real Prometheus scrapes a sidecar with everything switched on, and answers whatever dashboards and rules ask it."""

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from authz_monitoring.alerts import ALERTS
from monitoring.queries import Asked, at_once, of_dashboards, of_rules
from monitoring.to_come import METRICS
from support.history import day_before
from support.processes import eventually
from support.prometheus import Prometheus, running_prometheus, tool
from support.rounds import Rounds
from support.scene import Scene, running_scene

_LABELS = {"namespace": "shop", "app": "orders", "pod": "orders-1"}
#: A target at which nobody is.
_NOBODY = "127.0.0.1:1"
#: Alerts whose event is made here; all others would take longer than a test, and are in ``cases.py`` alone.
_MADE = {
    "AuthzErrorBudgetBurn",  # keys of an issuer are missing, a hook fails
    "AuthzLatencyHigh",  # a hook sleeps
    "AuthzDenialsJumped",  # beside the day before
    "AuthzSidecarDown",  # _NOBODY
    "AuthzKeysMissing",
    "AuthzKeyServerCertificateExpiring",  # the provider's is good for a day
    "AuthzBundleExpiring",
    "AuthzRevocationsLost",
    "AuthzForgedRevocations",
    "AuthzReloadRefused",
    "AuthzDryRunLeftOn",
}
#: Those that may fire for a moment, since a process is killed, or that depend on how fast the machine is.
_MAY_FIRE = {
    "AuthzProcessDown",
    "AuthzCrashLoop",
    "AuthzCacheHitRatioCollapsed",
    "AuthzEventLoopLag",
    "AuthzPoolSaturated",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="dash-") as name:
        yield Path(name)


def _comes(asked: Asked) -> bool:
    """Say whether a query is about something that the sidecar does not tell yet."""
    return bool(asked.names & METRICS)


def _without_data(prometheus: Prometheus, queries: Sequence[Asked], seconds: float) -> Sequence[Asked]:
    """Return those that have no data within so many seconds."""
    deadline = time.monotonic() + seconds
    while queries and time.monotonic() < deadline:
        queries = [one for one in queries if not prometheus.has(one.expr)]
        time.sleep(0.5)
    return queries


def _fire(prometheus: Prometheus, alerts: set[str]) -> set[str]:
    """Return those of ``alerts`` that do not fire within half a minute, at any time."""
    missing = set(alerts)
    deadline = time.monotonic() + 30
    while missing and time.monotonic() < deadline:
        time.sleep(0.5)
        missing -= prometheus.firing()
    return missing


def _happen(scene: Scene) -> None:
    """Have happen to the sidecar what happens to one in months."""
    scene.revoke()
    scene.forge()
    assert eventually(lambda: scene.forged == 1)
    scene.lose_entries()
    scene.rotate()
    scene.kill("server-1")
    scene.configure(lambda text: text + "nonsense: true\n")
    assert eventually(lambda: scene.sidecar.metric('authz_trust_reloads_total{result="refused"}') > 0)


def _enforce_nothing(scene: Scene) -> None:
    scene.configure(lambda text: text.replace("nonsense: true\n", "dry_run: true\n"))
    assert eventually(lambda: scene.sidecar.metric("authz_dry_run") == 1)


@pytest.mark.timeout(300)
def test_every_query_is_answered(folder: Path) -> None:
    """Each query of dashboards and rules has data under load, the alerts fire whose events are made, and no others."""
    tool("prometheus")
    queries = [one for one in (*of_dashboards("5s", "2m"), *of_rules()) if not _comes(one)]
    expected = {alert.name for alert in ALERTS if alert.name in _MADE and not _comes(Asked(alert.name, alert.expr))}
    with (
        running_scene(folder) as scene,
        running_prometheus(
            folder, [scene.sidecar.probe, _NOBODY], at_once(), _LABELS, day_before(time.time(), _LABELS)
        ) as prometheus,
    ):
        assert eventually(lambda: prometheus.has("authz_build_info"))
        assert _without_data(prometheus, [Asked("nowhere", "authz_nothing_total")], 0.1) != []
        with Rounds(scene.sidecar.addresses, scene.round) as rounds:
            assert eventually(lambda: prometheus.has("rate(authz_checks_total[5s]) > 0"))
            _happen(scene)
            assert _fire(prometheus, expected - {"AuthzDryRunLeftOn"}) == set()
            _enforce_nothing(scene)
            assert _without_data(prometheus, queries, 30) == []
            assert _fire(prometheus, expected & {"AuthzDryRunLeftOn"}) == set()
        assert prometheus.firing() - expected - _MAY_FIRE == set()
        told = set(re.findall(r"^# TYPE (\w+)", scene.sidecar.get("/metrics")[1], re.MULTILINE))
        assert {name for name in METRICS if re.sub("_(bucket|sum|count)$", "", name) in told} == set()
        # One check may be lost with the server that was killed, once it was answered.
        answered = rounds.reasons.total()
        total = "sum(authz_checks_total)"
        assert eventually(lambda: float(prometheus.query(total)[0]["value"][1]) >= answered - 1)
        assert float(prometheus.query(total)[0]["value"][1]) <= answered + rounds.lost


def test_alerts_are_told_apart() -> None:
    """Those that are named here are alerts, and none is on both lists."""
    assert {alert.name for alert in ALERTS} >= _MADE | _MAY_FIRE
    assert set() == _MADE & _MAY_FIRE
