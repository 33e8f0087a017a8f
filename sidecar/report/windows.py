"""From two samples to a window: rates, shares and quantiles of what came in between."""

from collections.abc import Collection, Sequence
from typing import Final

from sidecar.report import uses
from sidecar.report.difference import grown, grown_by_key, grown_histogram, latency, per_second, share
from sidecar.report.figures import Checks, ReasonCount, Window
from sidecar.report.named import named
from sidecar.report.outcomes import ERRORS, FORGED
from sidecar.report.sample import Counts, Moment, Sample

#: Names and seconds of the windows of a report, the live one first.
LIVE: Final = ("live", 5.0)
SPANS: Final = (("1m", 60.0), ("5m", 300.0), ("15m", 900.0))
#: Seconds that a sample may be too late for a window: they are taken by a loop that has other work too.
_SLACK = 1.0


def base_of(samples: Sequence[Sample], now: Sample, wanted: float) -> Sample:
    """Return the sample to begin at: the latest that is ``wanted`` seconds old, else the oldest; ``now`` without any.

    ``samples`` are in order, and before ``now``.
    """
    old_enough = [one for one in samples if one.at <= now.at - wanted + min(_SLACK, wanted / 2)]
    if old_enough:
        return old_enough[-1]
    return samples[0] if samples else now


def window(span: tuple[str, float], base: Sample, now: Sample, moment: Moment) -> Window:
    """Return what came between ``base`` and ``now``; processes are as in ``moment``."""
    name, wanted = span
    seconds = max(0.0, now.at - base.at)
    caches = tuple(uses.caches(base, now, seconds))
    return Window(
        name=name,
        wanted_seconds=wanted,
        seconds=seconds,
        checks=checks(base, now),
        caches=caches,
        hit_ratio=uses.hit_ratio(caches),
        verifications=uses.verifications(base, now, seconds),
        shed=grown(now.shed, base.shed),
        pools=tuple(uses.pools(base, now, seconds, moment)),
        processes=tuple(uses.process(one, base, now, seconds) for one in moment.processes),
        hooks=tuple(uses.hooks(base, now, seconds)),
        loop_lag=None if now.loop_lag is None else latency(grown_histogram(now.loop_lag, base.loop_lag)),
        events=uses.nested(grown_by_key(now.events, base.events)),
        issuers=named(now.issuers, base.issuers, seconds),
        policies=named(now.policies, base.policies, seconds),
    )


def checks(base: Sample, now: Sample) -> Checks:
    """Return the checks that came in between."""
    seconds = max(0.0, now.at - base.at)
    ended = grown_by_key(now.checks, base.checks)
    total = sum(ended.values())
    # What is let pass by dry run alone is no denial, whatever it would have been denied for; forged it is all the same.
    errors = _of(ended, ("denied",), ERRORS)
    forged = _of(ended, ("denied", "would_deny"), FORGED)
    by_outcome = {outcome: _of(ended, (outcome,)) for outcome in ("allowed", "denied", "would_deny")}
    return Checks(
        count=total,
        per_second=per_second(total, seconds),
        allowed_per_second=per_second(by_outcome["allowed"], seconds),
        denied_per_second=per_second(by_outcome["denied"], seconds),
        would_deny_per_second=per_second(by_outcome["would_deny"], seconds),
        denied_share=share(by_outcome["denied"], total),
        error_share=share(errors, total),
        forged_share=share(forged, total),
        latency=latency(grown_histogram(now.durations, base.durations)),
        reasons=tuple(
            ReasonCount(outcome, reason, count, per_second(count, seconds))
            for (outcome, reason), count in sorted(ended.items(), key=lambda one: (-one[1], one[0]))
        ),
    )


def _of(ended: Counts, outcomes: Collection[str], reasons: frozenset[str] | None = None) -> int:
    return sum(
        count
        for (outcome, reason), count in ended.items()
        if outcome in outcomes and (reasons is None or reason in reasons)
    )
