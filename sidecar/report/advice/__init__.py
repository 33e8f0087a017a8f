"""What to do about a report, each with the figures it rests on: pure functions of the report.

``kinds.py`` names all advice. A rule gives none where figures are not known, where there are too few of them, or where
nothing would come of it: a process more without an idle CPU, or a setting that is at its end already.
"""

from collections.abc import Iterator
from typing import Final

from sidecar.report.advice.caches import caches
from sidecar.report.advice.pools import pools
from sidecar.report.advice.processes import processes
from sidecar.report.advice.standing import standing
from sidecar.report.advice.traffic import traffic
from sidecar.report.alerts import ORDER
from sidecar.report.model import Advice, Report
from sidecar.report.scope import Scope
from sidecar.report.thresholds import Thresholds

_RULES: Final = (traffic, pools, processes, caches, standing)


def advice(report: Report, limits: Thresholds) -> Iterator[Advice]:
    """Yield the advice, the most urgent first. That of the report itself is not looked at."""
    scope = Scope(report, limits)
    found = [one for rule in _RULES for one in rule(scope)]
    yield from sorted(found, key=lambda one: ORDER.index(one.severity))
