"""What must be so of every dashboard, lest Grafana shows something else than is meant."""

import re
from itertools import combinations
from typing import Any

import pytest

from authz_monitoring.alerts import ALERTS
from authz_monitoring.board import COLUMNS, SCHEMA_VERSION, Board
from authz_monitoring.dashboards import BOARDS
from authz_monitoring.panel import Kind

_VARIABLE = re.compile(r"\$\{?(\w+)")
#: Grafana's own.
_BUILT_IN = {"__rate_interval", "__range", "__field", "__data"}
_EACH = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)


def _panels(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in board.document("docs")["panels"] if panel["type"] != "row"]


@_EACH
def test_dashboard_is_complete(board: Board) -> None:
    """It has a title, a description, the current schema, and variables for everything that is chosen."""
    document = board.document("docs")
    assert document["title"]
    assert len(document["description"]) > 40
    assert document["schemaVersion"] == SCHEMA_VERSION == 42
    assert document["uid"] == board.uid
    assert re.fullmatch("[a-z-]{1,40}", board.uid)
    names = [variable["name"] for variable in document["templating"]["list"]]
    assert names == ["datasource", "namespace", "app", "pod", "docs"]
    used = set(_VARIABLE.findall(str(document["panels"]) + str(document["links"])))
    assert used - _BUILT_IN <= set(names)
    assert set(names) <= used | {"datasource"}


def test_uids_and_titles_are_unique() -> None:
    """No dashboard takes another one's place."""
    assert len({board.uid for board in BOARDS}) == len({board.title for board in BOARDS}) == len(BOARDS)


@_EACH
def test_every_panel_is_complete(board: Board) -> None:
    """Each has a title that is its own, a description, a unit, queries with letters, and the chosen data source."""
    panels = _panels(board)
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert len({panel["id"] for panel in board.document("docs")["panels"]}) == len(board.document("docs")["panels"])
    for panel in panels:
        assert panel["type"] in set(Kind), panel["title"]
        assert len(panel["description"]) > 8, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert letters
        assert len(set(letters)) == len(letters)
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


@_EACH
def test_no_query_is_lost(board: Board) -> None:
    """Each query of a panel is among its targets, with a legend where there are several series to tell apart."""
    wanted = [panel for row in board.rows for panel in row.panels]
    for panel, made in zip(wanted, _panels(board), strict=True):
        assert len(made["targets"]) == len(panel.queries), panel.title
        if panel.kind in (Kind.LINES, Kind.STATES):
            assert all(query.legend for query in panel.queries), panel.title


@_EACH
def test_queries_go_by_what_is_chosen(board: Board) -> None:
    """Each selector has the matchers of all three variables: nothing shows what was not chosen."""
    for panel in _panels(board):
        for target in panel["targets"]:
            expr = target["expr"]
            if "ALERTS" in expr:
                continue
            chosen = expr.count('namespace=~"$namespace", app=~"$app", pod=~"$pod"')
            # Braces are selectors', but for the legend's, which stand elsewhere.
            assert chosen == expr.count("{") > 0, expr
            assert not re.search(r"\b(?:rate|increase)\([^)]*\[\d+s\]", expr), expr


@_EACH
def test_panels_do_not_overlap(board: Board) -> None:
    """All of them lie within the columns, and no two on one place."""
    places = [panel["gridPos"] for panel in board.document("docs")["panels"]]
    for place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)


def test_links_to_runbooks_are_of_alerts_that_there_are() -> None:
    """Each panel's links name an alert, and each alert is linked from a panel."""
    linked = {name for board in BOARDS for row in board.rows for panel in row.panels for name in panel.alerts}
    assert linked == {alert.name for alert in ALERTS}
