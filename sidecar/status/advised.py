"""Sections about what is wrong, and what to do about it."""

from sidecar.report.model import Advice, Alert, Report, Severity
from sidecar.status.view import Cell, Column, Section, State, Table
from sidecar.status.wording import of_unit

_STATES = {Severity.INFO: State.PLAIN, Severity.WARNING: State.WARNING, Severity.CRITICAL: State.BAD}


def advised(report: Report) -> Section:
    """Return alerts and advice. Where there is neither it says so."""
    return Section("advice", "Alerts and advice", tables=(_alerts(report), _advice(report)))


def _alerts(report: Report) -> Table:
    columns = (
        Column("alert"),
        Column("what"),
        *(Column(title, numeric=True, narrow=False) for title in ("value", "threshold")),
        Column("over", narrow=False),
    )
    return Table("alerts", "Alerts", columns, tuple(map(_alert, report.alerts)), "None.")


def _alert(alert: Alert) -> tuple[Cell, ...]:
    return (
        Cell(alert.severity.value, _STATES[alert.severity]),
        Cell(alert.text),
        Cell(of_unit(alert.value, alert.unit)),
        Cell(of_unit(alert.threshold, alert.unit)),
        Cell(alert.window),
    )


def _advice(report: Report) -> Table:
    columns = (Column("advice"), Column("what to do"), Column("setting", narrow=False), Column("since", narrow=False))
    return Table("advice", "Advice", columns, tuple(map(_one, report.advice)), "None.")


def _one(advice: Advice) -> tuple[Cell, ...]:
    evidence = (f"{one.name} {of_unit(one.value, one.unit)} ({one.window})" for one in advice.evidence)
    return (
        Cell(advice.severity.value, _STATES[advice.severity]),
        Cell(advice.text),
        Cell(_setting(advice)),
        Cell("; ".join(evidence)),
    )


def _setting(advice: Advice) -> str:
    change = f": {advice.current} -> {advice.proposed}" if advice.proposed else ""
    return f"{advice.setting}{change}"
