"""A report as tables for a terminal. Whatever is text in it goes through ``printable``, and is never markup."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sidecar.cli.printable import printable
from sidecar.report.figures import Latency, NamedChecks, Window
from sidecar.report.model import Direction, Report, Severity
from sidecar.report.say import duration, percent, rate, size, within
from sidecar.report.standing import Setup

_STYLES: Final = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_ARROWS: Final = {Direction.RISING: "↗", Direction.FALLING: "↘", Direction.STEADY: "→", Direction.UNKNOWN: ""}
_UNKNOWN: Final = "-"
#: Reasons that are listed.
_MOST_REASONS: Final = 10
#: Issuers, and policies, that are.
_MOST_NAMES: Final = 20

#: Rows of the first table: what it is called, the trend that goes with it, and its cell.
_RATES: Final[Sequence[tuple[str, str, Callable[[Window], str]]]] = (
    ("checks", "checks", lambda one: rate(one.checks.per_second)),
    ("denied", "denied", lambda one: _share(one.checks.denied_share)),
    ("errors (503)", "errors", lambda one: _share(one.checks.error_share)),
    ("forged", "forged", lambda one: _share(one.checks.forged_share)),
    ("would be denied", "", lambda one: rate(one.checks.would_deny_per_second)),
    ("p50", "latency_p50", lambda one: _seconds(one.checks.latency.p50_seconds)),
    ("p95", "latency_p95", lambda one: _seconds(one.checks.latency.p95_seconds)),
    ("p99", "latency_p99", lambda one: _seconds(one.checks.latency.p99_seconds)),
    ("found in a cache", "cache_hits", lambda one: _share(one.hit_ratio)),
    ("signatures", "verifications", lambda one: rate(one.verifications.per_second)),
    ("shed", "", lambda one: str(one.shed)),
)


def tables(report: Report) -> Iterator[RenderableType]:
    """Yield what is to be printed, from the top down."""
    yield _headline(report)
    yield _rates(report)
    recent = next(one for one in report.windows if one.name == "5m")
    if recent.checks.reasons:
        yield _reasons(recent)
    for heading, found in (("issuers, 5 min", recent.issuers), ("policies, 5 min", recent.policies)):
        if found:
            yield _named(heading, found)
    yield _caches(recent)
    if recent.pools:
        yield _pools(recent, report.setup)
    yield _processes(recent)
    if recent.hooks:
        yield _hooks(recent)
    if report.key_sets:
        yield _keys(report)
    yield from map(cell, _standing(report))
    yield from _alerts(report)
    yield from _advice(report)


def cell(text: str, style: str = "") -> Text:
    """Return text of anybody's as it may be printed."""
    return Text(printable(text), style)


def _headline(report: Report) -> Text:
    parts = [f"authz-sidecar {report.software}"]
    if report.uptime_seconds is not None:
        parts.append(f"up {duration(report.uptime_seconds)}")
    parts.append(f"observed for {duration(report.observed_seconds)}")
    parts += [text for text, so in (("dry run", report.setup.dry_run), ("draining", report.draining)) if so]
    return cell(" · ".join(parts), "bold")


def _rates(report: Report) -> Table:
    windows = (report.live, *report.windows)
    headings = [f"{one.name} ({duration(one.seconds)})" if _is_short(one) else one.name for one in windows]
    table = _table("checks", *headings, "")
    trends = {one.name: one.direction for one in report.trends}
    for name, trend, figure in _RATES:
        arrow = _ARROWS[trends.get(trend, Direction.UNKNOWN)]
        table.add_row(*map(cell, (name, *map(figure, windows), arrow)))
    return table


def _is_short(window: Window) -> bool:
    """Say whether there are samples of less than was wanted."""
    return window.seconds < window.wanted_seconds * 0.95


def _reasons(window: Window) -> Table:
    table = _table("reasons, 5 min", "outcome", "checks", "a second")
    for one in window.checks.reasons[:_MOST_REASONS]:
        table.add_row(*map(cell, (one.reason, one.outcome, str(one.count), rate(one.per_second))))
    return table


def _named(heading: str, found: Sequence[NamedChecks]) -> Table:
    tried = any(one.would_deny for one in found)
    table = _table(
        heading, "checks", "a second", "denied", "a second", "share", *(["would be denied"] if tried else [])
    )
    for one in found[:_MOST_NAMES]:
        checks, denied = (str(one.count), rate(one.per_second)), (str(one.denied), rate(one.denied_per_second))
        cells = (one.name or "(none)", *checks, *denied, _share(one.denied_share))
        table.add_row(*map(cell, (*cells, *([str(one.would_deny)] if tried else []))))
    if len(found) > _MOST_NAMES:
        table.add_row(cell(f"… {len(found) - _MOST_NAMES} more"))
    return table


def _caches(window: Window) -> Table:
    table = _table("caches, 5 min", "lookups", "hits", "misses", "expired", "torn", "evicted")
    for one in window.caches:
        counts = (one.misses, one.expired, one.torn, one.evictions)
        table.add_row(*map(cell, (one.tier, rate(one.per_second), _share(one.hit_ratio), *map(str, counts))))
    return table


def _pools(window: Window, setup: Setup) -> Table:
    table = _table("pools, 5 min", "processes", "tasks", "good", "busy", "wait p50", "wait p99", "waiting", "refused")
    for one in window.pools:
        wait = one.queue_wait or Latency(0, None, None, None, None)
        table.add_row(
            cell(one.pool),
            cell(f"{one.workers}{within(one, setup)}"),
            *map(cell, (rate(one.per_second), _share(one.success_share), _share(one.busy_share))),
            *map(cell, (_seconds(wait.p50_seconds), _seconds(wait.p99_seconds))),
            *map(cell, (_count(one.queue_depth), _count(one.shed))),
        )
    return table


def _processes(window: Window) -> Table:
    table = _table("processes", "state", "up for", "CPU, 5 min", "memory", "shared out", "late", "conns", "restarts")
    for one in window.processes:
        state = "crash loop" if one.crash_loop else one.state or "down"
        table.add_row(
            cell(one.name),
            cell(state, "" if one.up else "bold red"),
            *map(cell, (_seconds(one.age_seconds), _share(one.cpu_share), _size(one.rss_bytes), _size(one.pss_bytes))),
            *map(cell, (_seconds(one.loop_lag_seconds), _count(one.connections), _count(one.restarts))),
        )
    return table


def _hooks(window: Window) -> Table:
    table = _table("hooks, 5 min", "calls", "kept", "no decision", "p50", "p99", "results")
    for one in window.hooks:
        results = ", ".join(f"{name} {count}" for name, count in one.results.items())
        times = (_seconds(one.duration.p50_seconds), _seconds(one.duration.p99_seconds))
        shares = (_share(one.kept_share), _share(one.failed_share))
        table.add_row(*map(cell, (one.name, rate(one.per_second), *shares, *times, results)))
    return table


def _keys(report: Report) -> Table:
    table = _table("issuers", "keys", "confirmed", "dropped after", "failures", "certificate ends in")
    for one in report.key_sets:
        times = (_seconds(one.age_seconds), _seconds(one.max_stale_seconds), _count(one.failures_in_a_row))
        table.add_row(*map(cell, (one.issuer, str(one.keys), *times, _seconds(one.certificate_expires_in_seconds))))
    return table


def _standing(report: Report) -> Iterator[str]:
    revocation, bundle, machine, setup = report.revocation, report.bundle, report.machine, report.setup
    if machine.cpu_used is not None and setup.cpus is not None:
        idle = "" if machine.cpu_idle is None else f", {machine.cpu_idle:.1f} idle"
        yield f"CPUs: {machine.cpu_used:.2f} of {setup.cpus:.3g} in use{idle}"
    if machine.memory_used_bytes is not None and setup.memory_limit_bytes is not None:
        yield f"memory: {size(machine.memory_used_bytes)} of {size(setup.memory_limit_bytes)} in use"
    if revocation is not None:
        complete = "" if revocation.complete else ", not complete"
        lag = "" if revocation.feed_lag_seconds is None else f"; feed read {duration(revocation.feed_lag_seconds)} ago"
        yield f"revoked: {revocation.entries} of {revocation.capacity} entries{complete}{lag}"
    if bundle is not None:
        force = "in force" if bundle.in_force else "not in force"
        yield f"policy bundle {bundle.name}: version {bundle.version}, {force}"


def _alerts(report: Report) -> Iterator[Text]:
    yield Text()
    if not report.alerts:
        yield Text("no alerts", "green")
    for alert in report.alerts:
        where = f" ({alert.setting}: {alert.threshold:g})" if alert.setting else ""
        yield cell(f"{alert.severity.value}: {alert.text}{where}", _STYLES[alert.severity])


def _advice(report: Report) -> Iterator[Text]:
    for one in report.advice:
        yield cell(f"advice, {one.severity.value}: {one.text}", _STYLES[one.severity])


def _table(name: str, *headings: str) -> Table:
    table = Table(header_style="bold")
    table.add_column(name)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _share(found: float | None) -> str:
    return _UNKNOWN if found is None else percent(found)


def _seconds(found: float | None) -> str:
    return _UNKNOWN if found is None else duration(found)


def _size(found: int | None) -> str:
    return _UNKNOWN if found is None else size(found)


def _count(found: int | None) -> str:
    return _UNKNOWN if found is None else str(found)
