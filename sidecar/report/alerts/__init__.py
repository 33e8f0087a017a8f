"""What of a report is beyond its threshold: a pure function of the report.

``kinds.py`` names all alerts; ``traffic.py`` looks at rates, ``standing.py`` at how things are.
"""

from collections.abc import Iterator
from typing import Final

from sidecar.report.alerts.standing import standing
from sidecar.report.alerts.traffic import traffic
from sidecar.report.model import Alert, Report, Severity
from sidecar.report.scope import Scope
from sidecar.report.thresholds import Thresholds

ORDER: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def alerts(report: Report, limits: Thresholds) -> Iterator[Alert]:
    """Yield the alerts, the most severe first. Those of the report itself are not looked at."""
    scope = Scope(report, limits)
    found = [one for one in (*traffic(scope), *standing(scope)) if one is not None]
    yield from sorted(found, key=lambda one: ORDER.index(one.severity))
