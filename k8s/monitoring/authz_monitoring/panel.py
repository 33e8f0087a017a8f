"""One panel as a value, and what Grafana reads of it (the classic model, ``schemaVersion`` 42)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from authz_monitoring.words import selected

#: The variable that says which Prometheus.
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_LETTERS: Final = "ABCDEFGHIJKL"


class Kind(StrEnum):
    """How it is drawn, by Grafana's names."""

    STAT = "stat"
    LINES = "timeseries"
    HEATMAP = "heatmap"
    TABLE = "table"
    STATES = "state-timeline"


class Unit(StrEnum):
    """What the values are, by Grafana's names."""

    PER_SECOND = "reqps"
    SHARE = "percentunit"
    SECONDS = "s"
    BYTES = "bytes"
    COUNT = "short"
    PERCENT = "percent"  #: of 100
    TIME = "dateTimeFromNow"  #: milliseconds since the epoch
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Query:
    """``expr`` has ``@`` and ``RATE`` as ``words.selected`` takes them; ``legend`` is a template over the labels."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """From ``value`` on it is of this colour; below the first it is of the panel's ``base``."""

    value: float
    colour: str


GOOD, WARN, BAD = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Panel:
    """``width`` of 24, ``height`` in units of 30 pixels. ``alerts``: those whose pages it links to.

    ``words`` are shown in place of values; ``limits`` colour them; ``link`` is where a value leads, with Grafana's
    ``${__field.labels.NAME}``. ``exemplars``: points that lead to traces, where there are any.
    """

    title: str
    text: str
    queries: Sequence[Query]
    unit: Unit
    kind: Kind = Kind.LINES
    width: int = 12
    height: int = 8
    stacked: bool = False
    alerts: Sequence[str] = ()
    limits: Sequence[Limit] = ()
    words: Mapping[int, str] = field(default_factory=dict)
    link: tuple[str, str] | None = None
    base: str = GOOD
    exemplars: bool = False

    def document(self, number: int, place: Mapping[str, int]) -> dict[str, Any]:
        """Return it as Grafana has it, under an id and at its place."""
        return {
            "id": number,
            "type": self.kind.value,
            "title": self.title,
            "description": self.text,
            "datasource": SOURCE,
            "gridPos": dict(place),
            "links": [_runbook(alert) for alert in self.alerts],
            "targets": [_target(self, letter, query) for letter, query in zip(_LETTERS, self.queries, strict=False)],
            "fieldConfig": {"defaults": _defaults(self), "overrides": []},
            "options": _OPTIONS[self.kind],
        }


def stat(title: str, text: str, expr: str, unit: Unit, **others: Any) -> Panel:  # noqa: ANN401 - fields of Panel
    """Return a number, of which six are in a row."""
    return Panel(title, text, (Query(expr),), unit, Kind.STAT, **{"width": 4, "height": 4} | others)


def table(title: str, text: str, expr: str, unit: Unit, **others: Any) -> Panel:  # noqa: ANN401 - fields of Panel
    """Return a table with a row for each series."""
    return Panel(title, text, (Query(expr),), unit, Kind.TABLE, **others)


def _runbook(alert: str) -> dict[str, Any]:
    return {"title": alert, "url": f"${{docs}}/runbooks/{alert}.md", "targetBlank": True}


def _target(panel: Panel, letter: str, query: Query) -> dict[str, Any]:
    now = panel.kind is Kind.TABLE
    shape = {Kind.TABLE: "table", Kind.HEATMAP: "heatmap"}.get(panel.kind, "time_series")
    return {
        "refId": letter,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": selected(query.expr),
        "format": shape,
        "instant": now,
        "range": not now,
        "legendFormat": query.legend or "__auto",
        "exemplar": panel.exemplars,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps = [{"color": panel.base, "value": None}, *({"color": one.colour, "value": one.value} for one in panel.limits)]
    told: dict[str, Any] = {
        "unit": panel.unit.value,
        "mappings": _mappings(panel.words),
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "palette-classic" if panel.kind is Kind.LINES else "thresholds"},
    }
    if panel.kind is Kind.LINES:
        told |= {"min": 0, "custom": _lines(panel)}
    if panel.link is not None:
        title, url = panel.link
        told["links"] = [{"title": title, "url": url, "targetBlank": True}]
    return told


def _lines(panel: Panel) -> dict[str, Any]:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 40 if panel.stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if panel.limits else "off"},
    }


def _mappings(words: Mapping[int, str]) -> list[dict[str, Any]]:
    if not words:
        return []
    return [{"type": "value", "options": {str(value): {"text": word} for value, word in words.items()}}]


_OPTIONS: Final[Mapping[Kind, Mapping[str, Any]]] = {
    Kind.STAT: {
        "colorMode": "value",
        "graphMode": "area",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    },
    Kind.LINES: {
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    Kind.HEATMAP: {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "scale": "exponential"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": "s"},
    },
    Kind.TABLE: {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": "Value", "desc": True}]},
    Kind.STATES: {
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "never",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    },
}
