"""One dashboard as a value, and what Grafana reads of it: variables, links, and panels that flow into rows of 24."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authz_monitoring.panel import Panel

SCHEMA_VERSION: Final = 42
COLUMNS: Final = 24
TAG: Final = "ext-authz-sidecar"
_OF_ALL: Final = "authz_build_info"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, in their order."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Board:
    """``uid`` stands in links, and stays as it is for ever. ``one_pod``: it is about one pod at a time."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]
    one_pod: bool = False

    def document(self, docs: str) -> dict[str, Any]:
        """Return it as Grafana has it. ``docs``: where the documentation is."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.text,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "timezone": "browser",
            "time": {"from": "now-1h", "to": "now"},
            "annotations": {"list": []},
            "links": [_OTHERS, {**_LINK, "title": "documentation", "url": "${docs}/monitoring.md", "type": "link"}],
            "templating": {"list": list(_variables(docs, one_pod=self.one_pod))},
            "panels": list(_placed(self.rows)),
        }


_LINK: Final = {"asDropdown": False, "includeVars": False, "keepTime": False, "targetBlank": True, "tags": []}
_OTHERS: Final = {
    **_LINK,
    "title": "",
    "type": "dashboards",
    "tags": [TAG],
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
}


def _variables(docs: str, *, one_pod: bool) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1}
    yield _chosen("namespace", f"label_values({_OF_ALL}, namespace)")
    yield _chosen("app", f'label_values({_OF_ALL}{{namespace=~"$namespace"}}, app)')
    pods = f'label_values({_OF_ALL}{{namespace=~"$namespace", app=~"$app"}}, pod)'
    yield _chosen("pod", pods, several=not one_pod)
    yield {"name": "docs", "label": "Documentation", "type": "constant", "query": docs, "hide": 2}


def _chosen(name: str, query: str, *, several: bool = True) -> dict[str, Any]:
    every = {"includeAll": True, "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        **(every if several else {"includeAll": False, "multi": False}),
    }


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for row in rows:
        number += 1
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        left = height = 0
        for panel in row.panels:
            number += 1
            if left + panel.width > COLUMNS:
                left, top, height = 0, top + height, 0
            yield panel.document(number, {"h": panel.height, "w": panel.width, "x": left, "y": top})
            left, height = left + panel.width, max(height, panel.height)
        top += height
