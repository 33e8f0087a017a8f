"""The rules, as promtool sees them: well formed, and each alert fires when it is to, and not when it is not."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from authz_monitoring.alerts import ALERTS, GROUPS
from authz_monitoring.files import RECORDED, files
from authz_monitoring.recording import RULES
from monitoring.cases import CASES, Case, Fired
from support.prometheus import promtool

_TEXTS = {(alert.name, alert.severity): alert.description for alert in ALERTS}


def _expected(case: Case, one: Fired) -> dict[str, Any]:
    return {
        "exp_labels": {"severity": one.severity.value, **one.labels},
        "exp_annotations": {
            "summary": one.summary,
            "description": _TEXTS[case.alert, one.severity],
            "runbook_url": f"docs/runbooks/{case.alert}.md",
        },
    }


def _test(case: Case) -> dict[str, Any]:
    expected = [_expected(case, one) for one in case.fired]
    return {
        "name": f"{case.alert}: {', '.join(one.severity for one in case.fired) or 'quiet'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected}],
    }


def _by_interval() -> Mapping[str, Sequence[Case]]:
    """Return the cases by how often rules are looked at: where a day goes by more rarely, which takes less time."""
    intervals = {30: "1m", 300: "10m", 1500: "30m"}
    found: dict[str, list[Case]] = {interval: [] for interval in intervals.values()}
    for case in CASES:
        minutes = int(case.at.removesuffix("m"))
        found[next(interval for most, interval in intervals.items() if minutes <= most)].append(case)
    return found


def _rules(folder: Path) -> Path:
    path = folder / "rules.yaml"
    path.write_text(files("docs")["rules.yaml"], encoding="utf-8")
    return path


def test_rules_are_well_formed(tmp_path: Path) -> None:
    """Promtool takes all of them, and finds nothing to mend."""
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", _rules(tmp_path))
    assert f"{len(RULES) + len(ALERTS)} rules found" in said


def test_alerts_fire_when_they_are_to(tmp_path: Path) -> None:
    """Over given series each alert fires with its labels and words, and where nothing is wrong it does not."""
    _rules(tmp_path)
    for interval, cases in _by_interval().items():
        tests = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": interval,
            # What is recorded first: alerts look at it.
            "group_eval_order": [RECORDED, *(group.name for group in GROUPS)],
            "tests": list(map(_test, cases)),
        }
        path = tmp_path / f"tests-{interval}.yaml"
        path.write_text(json.dumps(tests), encoding="utf-8")
        assert "SUCCESS" in promtool("test", "rules", path)


def test_each_alert_has_cases_of_both_kinds() -> None:
    """Each, at each severity, has one in which it fires, and one in which it is quiet."""
    fired = {(case.alert, one.severity) for case in CASES for one in case.fired}
    assert fired == {(alert.name, alert.severity) for alert in ALERTS}
    assert {case.alert for case in CASES if not case.fired} == {alert.name for alert in ALERTS}
