"""Sections about checks: how many, how fast, how they end."""

from collections.abc import Callable, Sequence
from math import isfinite

from sidecar.report.figures import NamedChecks, ReasonCount, Window
from sidecar.report.model import Direction, Report, Series
from sidecar.status.view import UNKNOWN, Cell, Column, Curve, Figure, Section, State, Table
from sidecar.status.wording import count, duration, of_unit, rate, share, span

_HEADINGS = {Direction.RISING: "rising", Direction.FALLING: "falling", Direction.STEADY: "steady"}
_STATES = {"allowed": State.GOOD, "denied": State.BAD, "would_deny": State.WARNING}


def checks(report: Report) -> Section:
    """Return what there is to say of all checks."""
    live, latency = report.live.checks, report.live.checks.latency
    figures = [
        ("checks", "checks", rate(live.per_second)),
        ("allowed", "allowed", rate(live.allowed_per_second)),
        ("denied", "denied", rate(live.denied_per_second)),
        *([("would-deny", "would be denied", rate(live.would_deny_per_second))] if _would_deny(report) else []),
        ("errors", "errors", share(live.error_share)),
        ("forged", "forged", share(live.forged_share)),
        ("p50", "p50", duration(latency.p50_seconds)),
        ("p95", "p95", duration(latency.p95_seconds)),
        ("p99", "p99", _slowest(latency.p99_seconds, latency.above_highest)),
        ("hit-ratio", "cache hits", share(report.live.hit_ratio)),
        ("shed", "shed", count(report.live.shed)),
    ]
    return Section(
        "checks",
        "Checks",
        tuple(Figure(f"checks-{key}", label, Cell(text)) for key, label, text in figures),
        _curves(report.series),
    )


def reasons(report: Report) -> Section:
    """Return how checks ended: now, and in the longest stretch that there is."""
    known = [report.live, *report.windows]
    ended = {(one.outcome, one.reason): one for window in reversed(known) for one in window.checks.reasons}
    order = sorted(ended, key=lambda key: tuple(-_count(window, key) for window in reversed(known)))
    columns = (
        Column("reason"),
        Column("outcome"),
        Column("now", numeric=True),
        *(Column(_words(window), numeric=True, narrow=window is known[-1]) for window in report.windows),
    )
    rows = (
        (
            Cell(reason),
            Cell(outcome.replace("_", " "), _STATES.get(outcome, State.PLAIN)),
            Cell(rate(_rate(report.live, (outcome, reason)))),
            *(Cell(count(_count(window, (outcome, reason)))) for window in report.windows),
        )
        for outcome, reason in order
    )
    return Section("reasons", "How checks end", tables=(Table("reasons", "", columns, tuple(rows), "No checks yet."),))


def named(report: Report) -> Section:
    """Return checks by issuer and by policy: now, and in the longest stretch that there is."""
    return Section(
        "named",
        "Whose checks, and which policies decide",
        tables=(
            _by_name("issuers", "By issuer", "issuer", report, lambda window: window.issuers),
            _by_name("policies", "By policy", "policy", report, lambda window: window.policies),
        ),
    )


def _by_name(key: str, title: str, name: str, report: Report, of: Callable[[Window], Sequence[NamedChecks]]) -> Table:
    longest = max(report.windows, key=lambda window: window.wanted_seconds, default=report.live)
    now = {one.name: one for one in of(report.live)}
    over, tried = _words(longest), _would_deny(report)
    columns = (
        Column(name),
        *(Column(title, numeric=True) for title in ("now", "denied now", over, f"denied, {over}")),
        Column("share denied", numeric=True, narrow=False),
        *((Column(f"would be denied, {over}", numeric=True),) if tried else ()),
    )
    rows = []
    for one in of(longest):
        live = now.get(one.name)
        rates = (0.0, 0.0) if live is None else (live.per_second, live.denied_per_second)
        texts = (*map(rate, rates), count(one.count), count(one.denied), share(one.denied_share))
        rows.append((Cell(one.name or "(none)"), *map(Cell, (*texts, *((count(one.would_deny),) if tried else ())))))
    return Table(key, title, columns, tuple(rows), "No checks yet.")


def _would_deny(report: Report) -> bool:
    return report.setup.dry_run or any(window.checks.would_deny_per_second for window in (report.live, *report.windows))


def _slowest(seconds: float | None, above_highest: int) -> str:
    return duration(seconds) + (f" ({count(above_highest)} slower than can be told)" if above_highest else "")


def _curves(series: Series) -> tuple[Curve, ...]:
    return (
        _curve("rate", "checks a second", series, series.checks_per_second, "1/s"),
        _curve("denied", "denied a second", series, series.denied_per_second, "1/s"),
        _curve("p99", "p99 latency", series, series.p99_seconds, "s"),
        _curve("hits", "cache hits", series, series.hit_ratio, "share"),
    )


def _curve(key: str, label: str, series: Series, values: Sequence[float | None], unit: str) -> Curve:
    values = [value if value is not None and isfinite(value) else None for value in values]
    known = [value for value in values if value is not None]
    last = values[-1] if values else None
    ages = [age for age, value in zip(series.ages_seconds, values, strict=False) if value is not None]
    over = f" in {span(max(ages) + series.step_seconds)}" if ages else ""
    text = f"now {of_unit(last, unit)}, highest {of_unit(max(known, default=None), unit)}{over}"
    return Curve(f"curve-{key}", label, tuple(zip(series.ages_seconds, values, strict=False)), text)


def trends(report: Report) -> Section:
    """Return where figures are heading."""
    columns = (
        Column("trend"),
        *(Column(title, numeric=True) for title in ("1 min", "5 min", "15 min")),
        Column("heading"),
    )
    rows = (
        (
            Cell(trend.name.replace("_", " ")),
            *(Cell(of_unit(value, trend.unit)) for value in (trend.last_1m, trend.last_5m, trend.last_15m)),
            Cell(_HEADINGS.get(trend.direction, UNKNOWN)),
        )
        for trend in report.trends
    )
    table = Table("trends", "", columns, tuple(rows), "Nothing to compare yet.")
    return Section("trends", "Trends", tables=(table,))


def _rate(window: Window, key: tuple[str, str]) -> float:
    return next((one.per_second for one in _of(window, key)), 0.0)


def _count(window: Window, key: tuple[str, str]) -> int:
    return next((one.count for one in _of(window, key)), 0)


def _of(window: Window, key: tuple[str, str]) -> Sequence[ReasonCount]:
    return [one for one in window.checks.reasons if (one.outcome, one.reason) == key]


def _words(window: Window) -> str:
    return span(window.wanted_seconds)
