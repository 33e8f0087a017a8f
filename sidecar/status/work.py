"""Sections about who does the work: caches, pools, processes, hooks."""

from sidecar.report.figures import Latency, PoolUse, ProcessUse, Window
from sidecar.report.model import Report
from sidecar.report.say import within
from sidecar.report.standing import Setup
from sidecar.status.view import UNKNOWN, Cell, Column, Figure, Section, State, Table
from sidecar.status.wording import count, cpus, duration, number, rate, share, size, span


def caches(report: Report) -> Section:
    """Return how the caches of identities do, and signatures, which is what they save."""
    verifications = report.live.verifications
    figures = (
        Figure("signatures", "signatures checked", Cell(rate(verifications.per_second))),
        Figure("signatures-pool", "of them by verifiers", Cell(share(verifications.pool_share))),
        Figure("signatures-invalid", "invalid", Cell(share(verifications.invalid_share))),
    )
    columns = (
        Column("cache"),
        *(Column(title, numeric=True) for title in ("hits", "lookups", "evicted")),
        *(Column(title, numeric=True, narrow=False) for title in ("misses", "expired", "torn")),
    )
    rows = (
        (
            Cell(_TIERS.get(one.tier, one.tier)),
            Cell(share(one.hit_ratio)),
            Cell(rate(one.per_second)),
            Cell(rate(one.evictions_per_second)),
            *(Cell(count(value)) for value in (one.misses, one.expired, one.torn)),
        )
        for one in _minute(report).caches
    )
    table = Table("caches", "Caches, last minute", columns, tuple(rows), "No cache is used.")
    return Section("caches", "Identities", figures, tables=(table,))


_TIERS = {"l1": "server's own", "l2": "shared"}


def pools(report: Report) -> Section:
    """Return how busy the pools are."""
    columns = (
        Column("pool"),
        *(Column(title, numeric=True) for title in ("workers", "busy", "tasks", "wait p99")),
        *(Column(title, numeric=True, narrow=False) for title in ("succeed", "waiting", "batch", "shed")),
    )
    table = Table(
        "pools",
        "",
        columns,
        tuple(_pool(pool, report.setup) for pool in _minute(report).pools),
        "Nothing is known of any.",
    )
    return Section("pools", "Pools, last minute", tables=(table,))


def _pool(pool: PoolUse, setup: Setup) -> tuple[Cell, ...]:
    return (
        Cell(pool.pool),
        Cell(count(pool.workers) + within(pool, setup)),
        Cell(share(pool.busy_share)),
        Cell(rate(pool.per_second)),
        Cell(_p99(pool.queue_wait)),
        Cell(share(pool.success_share)),
        Cell(count(pool.queue_depth)),
        Cell(number(pool.batch_mean)),
        Cell(count(pool.shed), State.WARNING if pool.shed else State.PLAIN),
    )


def processes(report: Report) -> Section:
    """Return how the processes are."""
    machine = report.machine
    memory = machine.rss_bytes if machine.pss_bytes is None else machine.pss_bytes
    figures = (
        Figure("cpu-used", "CPUs used", Cell(cpus(machine.cpu_used))),
        Figure("cpu-idle", "CPUs idle", Cell(cpus(machine.cpu_idle))),
        Figure("memory", "memory", Cell(size(memory))),
    )
    columns = (
        Column("process"),
        Column("state"),
        *(Column(title, numeric=True) for title in ("CPU", "memory")),
        *(Column(title, numeric=True, narrow=False) for title in ("up", "restarts", "connections", "late", "pid")),
    )
    table = Table("processes", "", columns, tuple(map(_process, _minute(report).processes)), "None is known.")
    return Section("processes", "Processes", figures, tables=(table,))


def _process(process: ProcessUse) -> tuple[Cell, ...]:
    state = "crash loop" if process.crash_loop else process.state or UNKNOWN
    restarted = State.WARNING if process.restarts_within else State.PLAIN
    return (
        Cell(process.name),
        Cell(state, State.GOOD if process.up and not process.crash_loop else State.BAD),
        Cell(cpus(process.cpu_share)),
        Cell(size(process.rss_bytes if process.pss_bytes is None else process.pss_bytes)),
        Cell(span(process.age_seconds)),
        Cell(count(process.restarts), restarted),
        Cell(count(process.connections)),
        Cell(duration(process.loop_lag_seconds)),
        # An identifier, not an amount: no comma in it.
        Cell(UNKNOWN if process.pid is None else str(process.pid)),
    )


def hooks(report: Report) -> Section | None:
    """Return what Python hooks do; ``None``: there are none."""
    found = _minute(report).hooks
    if not found:
        return None
    columns = (
        Column("hook"),
        *(Column(title, numeric=True) for title in ("calls", "p99", "fail")),
        *(Column(title, numeric=True, narrow=False) for title in ("allow", "deny", "kept", "moved")),
    )
    rows = (
        (
            Cell(one.name),
            Cell(rate(one.per_second)),
            Cell(_p99(one.duration)),
            Cell(share(one.failed_share), State.WARNING if one.failed_share else State.PLAIN),
            *(Cell(count(one.results.get(result, 0))) for result in ("allow", "deny")),
            Cell(share(one.kept_share)),
            Cell(count(one.moved)),
        )
        for one in found
    )
    return Section("hooks", "Hooks, last minute", tables=(Table("hooks", "", columns, tuple(rows), ""),))


def _minute(report: Report) -> Window:
    """Return the last minute: what a table is of, so that it does not jump about."""
    return next((window for window in report.windows if window.name == "1m"), report.live)


def _p99(latency: Latency | None) -> str:
    return UNKNOWN if latency is None else duration(latency.p99_seconds)
