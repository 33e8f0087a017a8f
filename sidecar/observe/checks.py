"""Each check in the metrics: once by how it ended and by whose token and policy, once by how long it took."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from math import inf

from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.memory.counters import Row
from sidecar.memory.labelled_layout import Labels
from sidecar.observe.series import CHECK_DURATION, WOULD_DENY, outcome

_OUTCOME = {reason: outcome(reason) for reason in Reason}


def labels_of(decided: Decided) -> Labels:
    """Return the label values of a check, as ``series.CHECKS`` has them; empty ones where there is no such name.

    Issuer and policy are names of the configuration, whatever the token says. What passes in global dry run is told by
    what would have been decided.
    """
    decision = decided.decision
    came_to, reason, policy = _OUTCOME[decision.reason], decision.reason, decision.policy
    if reason is Reason.DRY_RUN and decision.trial is not None:
        came_to, reason, policy = WOULD_DENY, decision.trial.reason, decision.trial.policy
    return came_to, reason, decided.issuer or "", policy or ""


def counting(row: Row) -> Callable[[Decided, float, bytes, bool], None]:
    """Return what counts each check in ``row``; the ``Observer`` of every engine. It raises nothing.

    An answer that is kept says where it was counted the last time, so that nothing is looked up for it. INVARIANT: all
    that is counted in a row are answers of one engine, and of this process; whatever they were counted at is here.
    """
    words, sums, number = row.words, row.sums, row.labelled.number
    first, bounds, total = row.place(CHECK_DURATION)

    def count(decided: Decided, seconds: float, _request: bytes, _waited: bool) -> None:  # noqa: FBT001 - a fact
        at = decided.counted_at
        if at < 0:
            at = decided.counted_at = number(labels_of(decided))
        words[at] += 1
        if 0.0 <= seconds < inf:
            words[first + bisect_left(bounds, seconds)] += 1
            sums[total] += seconds

    return count


def with_reason(checks: Mapping[Labels, int], reason: Reason) -> int:
    """Return how many checks ended for ``reason``, whoever's and by whichever policy."""
    return sum(count for labels, count in checks.items() if labels[1] == reason)
