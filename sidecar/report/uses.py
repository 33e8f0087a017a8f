"""What of two samples is about one thing each: caches, signatures, pools, processes, hooks."""

from collections.abc import Iterator, Mapping, Sequence

from sidecar.report.difference import grown, grown_by_key, grown_histogram, latency, per_second, share
from sidecar.report.figures import CacheUse, HookUse, PoolUse, ProcessUse, Verifications
from sidecar.report.sample import Counts, Moment, PoolTotals, ProcessMoment, ProcessTotals, Sample


def caches(base: Sample, now: Sample, seconds: float) -> Iterator[CacheUse]:
    """Yield each cache."""
    found = grown_by_key(now.lookups, base.lookups)
    for tier in ("l1", "l2"):
        hits, misses, expired, torn = (found.get((tier, how), 0) for how in ("hit", "miss", "expired", "torn"))
        lookups = hits + misses + expired + torn
        evictions = grown(now.evictions.get(tier, 0), base.evictions.get(tier, 0))
        yield CacheUse(
            tier=tier,
            lookups=lookups,
            per_second=per_second(lookups, seconds),
            hits=hits,
            misses=misses,
            expired=expired,
            torn=torn,
            evictions=evictions,
            evictions_per_second=per_second(evictions, seconds),
            hit_ratio=share(hits, lookups),
        )


def hit_ratio(found: Sequence[CacheUse]) -> float | None:
    """Return what share was found in either cache."""
    # The second is asked about what the first lacks; where there is no first, about everything.
    return share(sum(one.hits for one in found), max(one.lookups for one in found))


def verifications(base: Sample, now: Sample, seconds: float) -> Verifications:
    """Return the signatures that were checked."""
    results = nested(grown_by_key(now.verifications, base.verifications))
    count = sum(sum(ends.values()) for ends in results.values())
    invalid = sum(ends.get("invalid", 0) for ends in results.values())
    return Verifications(
        count=count,
        per_second=per_second(count, seconds),
        results=results,
        pool_share=share(sum(results.get("pool", {}).values()), count),
        invalid_share=share(invalid, count),
    )


def nested(counts: Counts) -> dict[str, dict[str, int]]:
    """Return counts by the one, and then by the other."""
    found: dict[str, dict[str, int]] = {}
    for (kind, result), count in sorted(counts.items()):
        found.setdefault(kind, {})[result] = count
    return found


_NO_WORK = PoolTotals(0, 0)


def pools(base: Sample, now: Sample, seconds: float, moment: Moment) -> Iterator[PoolUse]:
    """Yield each pool."""
    for name, new in sorted(now.pools.items()):
        old = base.pools.get(name, _NO_WORK)
        workers = moment.workers.get(name, 0)
        tasks, handovers = grown(new.tasks, old.tasks), _grown_if_known(new.handovers, old.handovers)
        yield PoolUse(
            pool=name,
            workers=workers,
            tasks=tasks,
            per_second=per_second(tasks, seconds),
            success_share=share(tasks - grown(new.failed, old.failed), tasks),
            busy_share=_busy(new.busy_seconds, old.busy_seconds, _there(new, old, seconds * workers)),
            queue_wait=None if new.waits is None else latency(grown_histogram(new.waits, old.waits)),
            queue_depth=moment.queue_depths.get(name),
            batch_mean=tasks / handovers if handovers else None,
            shed=_grown_if_known(new.shed, old.shed),
        )


def _grown_if_known(new: int | None, old: int | None) -> int | None:
    return None if new is None else grown(new, old or 0)


def _there(new: PoolTotals, old: PoolTotals, usual: float) -> float:
    return usual if new.there_seconds is None else max(0.0, new.there_seconds - (old.there_seconds or 0.0))


def _busy(new: float | None, old: float | None, whole: float) -> float | None:
    return None if new is None else share(max(0.0, new - (old or 0.0)), whole)


_UNSEEN = ProcessTotals(None)


def process(one: ProcessMoment, base: Sample, now: Sample, seconds: float) -> ProcessUse:
    """Return one child."""
    new, old = now.processes.get(one.name, _UNSEEN), base.processes.get(one.name, _UNSEEN)
    return ProcessUse(
        name=one.name,
        role=one.role,
        up=one.up,
        state=one.state,
        pid=one.pid,
        age_seconds=one.age_seconds,
        heartbeat_age_seconds=one.heartbeat_age_seconds,
        restarts=new.restarts,
        restarts_within=None if new.restarts is None or old.restarts is None else grown(new.restarts, old.restarts),
        crash_loop=one.crash_loop,
        connections=one.connections,
        cpu_share=_cpu(new.cpu_seconds, old.cpu_seconds, seconds),
        rss_bytes=one.rss_bytes,
        pss_bytes=one.pss_bytes,
        loop_lag_seconds=one.loop_lag_seconds,
    )


def _cpu(new: float | None, old: float | None, seconds: float) -> float | None:
    return None if new is None or old is None or seconds <= 0 else max(0.0, new - old) / seconds


def hooks(base: Sample, now: Sample, seconds: float) -> Iterator[HookUse]:
    """Yield each hook."""
    for name, new in now.hooks.items():
        old = base.hooks.get(name)
        calls = grown(new.calls, old.calls if old else 0)
        kept = grown(new.kept, old.kept if old else 0)
        results: Mapping[str, int] = grown_by_key(new.results, old.results if old else {})
        failed = sum(results.get(how, 0) for how in ("failed", "timeout", "shed"))
        yield HookUse(
            name=name,
            calls=calls,
            per_second=per_second(calls, seconds),
            results=results,
            failed_share=share(failed, sum(results.values())),
            kept_share=share(kept, kept + calls),
            duration=latency(grown_histogram(new.durations, old.durations if old else None)),
            moved=new.moved,
        )
