"""The queries of dashboards and rules, and what they name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from authz_monitoring.alerts import ALERTS
from authz_monitoring.dashboards import BOARDS
from authz_monitoring.files import files
from authz_monitoring.recording import RULES

#: Names of ours in a query: metrics, the four that operators know from elsewhere, and what is recorded.
_NAMES = re.compile(r"\b(?:authz_\w+|process_pool_\w+|pool_completed_\w+|system_cpu_percent|app:[\w:]+)")
_STRINGS = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Asked:
    """A query as Prometheus takes it, and where it stands."""

    where: str
    expr: str

    @property
    def names(self) -> set[str]:
        """Return the metrics that it names."""
        return set(_NAMES.findall(_STRINGS.sub('""', self.expr)))


def of_dashboards(rate: str, span: str) -> Iterator[Asked]:
    """Yield those of all panels. ``rate`` and ``span`` stand for the time of a point, and for the time shown."""
    for board in BOARDS:
        for panel in board.document("docs")["panels"]:
            for target in panel.get("targets", ()):
                expr = target["expr"].replace("$__rate_interval", rate).replace("$__range", span)
                for variable in ("namespace", "app", "pod"):
                    expr = expr.replace(f'"${variable}"', '".*"')
                yield Asked(f"{board.uid}: {panel['title']}", expr)


def of_rules() -> Iterator[Asked]:
    """Yield what is recorded, and what alerts measure."""
    for rule in RULES:
        yield Asked(rule.record, rule.expr)
    for alert in ALERTS:
        for when in alert.when:
            yield Asked(f"{alert.name} ({alert.severity})", when.measure)


def at_once() -> str:
    """Return the rules, with alerts that wait for nothing."""
    return re.sub(r"^( +for:) \w+$", r"\1 0s", files("docs")["rules.yaml"], flags=re.MULTILINE)
