"""What Prometheus answers a panel's queries, by the names in the legend."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authz_monitoring.panel import Panel, Query
from authz_monitoring.words import selected
from support.prometheus import Prometheus

Line = tuple[Sequence[float], Sequence[float]]
_STEP = 1.0
#: What a point of the graph looks back on, in seconds.
_RATE = "5s"


@dataclass(frozen=True)
class Answers:
    """At ``now``, in seconds since the epoch, and the ``span`` before it."""

    prometheus: Prometheus
    now: float
    span: float

    def lines(self, panel: Panel) -> Mapping[str, Line]:
        """Return the lines of a panel: seconds from the beginning, and values, with gaps where there are none."""
        found: dict[str, Line] = {}
        for query in panel.queries:
            start = self.now - self.span
            for series in self.prometheus.over(self._text(query), start, self.now, _STEP):
                points = {float(at) - start: float(value) for at, value in series["values"]}
                times = [number * _STEP for number in range(int(self.span / _STEP) + 1)]
                values = [_at(points, at) for at in times]
                found[_legend(query, series["metric"])] = times, values
        return found

    def rows(self, panel: Panel) -> Sequence[tuple[Sequence[str], float]]:
        """Return the rows of a table, the largest first: labels, and value."""
        found = [
            (
                [str(value) for name, value in sorted(one["metric"].items()) if name != "__name__"],
                float(one["value"][1]),
            )
            for query in panel.queries
            for one in self.prometheus.query(self._text(query))
        ]
        return sorted(found, key=lambda row: -row[1])

    def _text(self, query: Query) -> str:
        text = selected(query.expr).replace("$__rate_interval", _RATE).replace("$__range", f"{self.span:.0f}s")
        return re.sub(r'"\$\w+"', '".*"', text)


def _at(points: Mapping[float, float], at: float) -> float:
    return next((value for time, value in points.items() if abs(time - at) < _STEP / 2), math.nan)


def _legend(query: Query, metric: Mapping[str, Any]) -> str:
    if not query.legend:
        return ", ".join(str(value) for name, value in sorted(metric.items()) if name != "__name__")
    return re.sub(r"{{(\w+)}}", lambda found: str(metric.get(found[1], "")), query.legend).strip() or "none"
