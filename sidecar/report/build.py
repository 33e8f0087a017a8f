"""Samples in, a report out: the pure function that everything else is around."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from sidecar.report.advice import advice
from sidecar.report.alerts import alerts
from sidecar.report.figures import Window
from sidecar.report.model import VERSION, Report
from sidecar.report.sample import Moment, Sample
from sidecar.report.series import series
from sidecar.report.standing import Machine
from sidecar.report.thresholds import Thresholds
from sidecar.report.trends import trends
from sidecar.report.windows import LIVE, SPANS, base_of, window

_Number = TypeVar("_Number", int, float)


def report(samples: Sequence[Sample], now: Sample, moment: Moment, thresholds: Thresholds) -> Report:
    """Return the report at ``now``. ``samples`` were taken before, in order; those that were not are left out."""
    before = [one for one in samples if one.at < now.at]
    live, *windows = (window(span, base_of(before, now, span[1]), now, moment) for span in (LIVE, *SPANS))
    by_name = {one.name: one for one in windows}
    servers = [one.age_seconds for one in moment.processes if one.role == "server" and one.age_seconds is not None]
    found = Report(
        version=VERSION,
        made_at=moment.made_at,
        software=moment.software,
        observed_seconds=max(0.0, now.at - before[0].at) if before else 0.0,
        uptime_seconds=max(servers, default=None),
        setup=moment.setup,
        machine=_machine(by_name["1m"], base_of(before, now, 60.0), now, moment),
        live=live,
        windows=tuple(windows),
        trends=tuple(trends(by_name)),
        series=series(before, now),
        key_sets=moment.key_sets,
        revocation=moment.revocation,
        bundle=moment.bundle,
        draining=moment.draining,
        trust_digest=moment.trust_digest,
        reload_ok=moment.reload_ok,
        certificates=moment.certificates,
    )
    found = replace(found, alerts=tuple(alerts(found, thresholds)))
    return replace(found, advice=tuple(advice(found, thresholds)))


def _machine(last: Window, base: Sample, now: Sample, moment: Moment) -> Machine:
    used = _sum([one.cpu_share for one in last.processes if one.up])
    system = _system_share(base, now)
    running = [one for one in moment.processes if one.up]
    return Machine(
        cpu_used=used,
        cpu_idle=_idle(moment.setup.cpus, used, system, moment.setup.machine_cpus),
        system_cpu_share=system,
        rss_bytes=_sum([one.rss_bytes for one in running]),
        pss_bytes=_sum([one.pss_bytes for one in running]),
        memory_used_bytes=moment.memory_used_bytes,
    )


def _system_share(base: Sample, now: Sample) -> float | None:
    if base.machine is None or now.machine is None:
        return None
    whole = now.machine.all_seconds - base.machine.all_seconds
    busy = now.machine.busy_seconds - base.machine.busy_seconds
    return min(1.0, max(0.0, busy / whole)) if whole > 0 else None


def _idle(cpus: float | None, used: float | None, system: float | None, machine: int | None) -> float | None:
    """Return what is left of our CPUs, and at most what the whole machine has left, where that is known."""
    if cpus is None or used is None:
        return None
    ours = max(0.0, cpus - used)
    return ours if system is None or machine is None else min(ours, machine * (1 - system))


def _sum(figures: Sequence[_Number | None]) -> _Number | None:
    """Return the sum; ``None`` where one of them is missing, or all are."""
    known = [one for one in figures if one is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(figures) else None
