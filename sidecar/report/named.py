"""Checks by a name of the configuration: whose token it was, and which policy decided."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sidecar.report.difference import grown_by_key, per_second, share
from sidecar.report.figures import NamedChecks
from sidecar.report.sample import Counts

#: What has no name of its own, in the counters too.
OTHER: Final = "other"
#: Names that a window tells apart, those with most checks; the others are added up, as ``OTHER``.
MOST_NAMES: Final = 50


def named(now: Counts, base: Counts, seconds: float) -> tuple[NamedChecks, ...]:
    """Return what came in between, by name; counts are by name and outcome. The most frequent first."""
    ended = grown_by_key(now, base)
    total = Counter[str]()
    for (name, _), count in ended.items():
        total[name] += count
    order = sorted(total, key=lambda name: (-total[name], name))
    apart = set(order[:MOST_NAMES])
    folded = Counter[tuple[str, str]]()
    for (name, outcome), count in ended.items():
        folded[name if name in apart else OTHER, outcome] += count
    return tuple(sorted(_rows(folded, seconds), key=lambda one: (-one.count, one.name)))


def _rows(ended: Counter[tuple[str, str]], seconds: float) -> Iterator[NamedChecks]:
    for name in {name for name, _ in ended}:
        denied, would_deny = ended[name, "denied"], ended[name, "would_deny"]
        count = ended[name, "allowed"] + denied + would_deny
        yield NamedChecks(
            name=name,
            count=count,
            per_second=per_second(count, seconds),
            denied=denied,
            denied_per_second=per_second(denied, seconds),
            denied_share=share(denied, count),
            would_deny=would_deny,
        )
