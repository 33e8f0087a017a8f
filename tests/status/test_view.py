"""Views: nothing in them steers, and every key is one thing's."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from math import inf, nan
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.strict_json import Json
from sidecar.status.denials import MOST, Denial, denials
from sidecar.status.live import live, shape
from sidecar.status.sections import view_of
from sidecar.status.view import LONGEST, View
from support.denials import RECORD, denial
from support.status_reports import report

_HOSTILE = st.text(st.sampled_from("<>&\"'\0\x1b\n\r\x7f\x9b\u202e\u2066\u2028\u200fא\ud800aé"), max_size=12)
_NUMBERS = st.none() | st.sampled_from([0.0, -1.0, 1e-300, 1e300, inf, -inf, nan]) | st.floats()
_JSON = st.none() | st.booleans() | st.integers() | st.floats() | _HOSTILE | st.lists(_HOSTILE, max_size=2)


def changed(value: Any, text: str, number: float | None) -> Any:  # noqa: ANN401 - whatever a report is made of
    """Return a value of which each text and each broken number is another one."""
    if isinstance(value, Enum | bool | int):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, float):
        return number
    if isinstance(value, tuple):
        return tuple(changed(one, text, number) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: changed(getattr(value, one.name), text, number) for one in fields(value)})
    return value


def texts(value: object) -> Iterator[str]:
    """Give all texts in a value, whatever it is made of."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from texts(one)


@settings(deadline=None, max_examples=50)
@given(_HOSTILE, _NUMBERS, st.dictionaries(st.sampled_from([*RECORD, "detail", "rule", "policy"]), _JSON))
def test_nothing_steers(text: str, number: float | None, record: dict[str, Json]) -> None:
    """Whatever a report and denials say, each text of a view is one line of bounded length that steers nothing."""
    # A window is of a time that is ours.
    odd = changed(report(points=3), text, number)
    whole = replace(odd, made_at=0.0, windows=tuple(replace(one, wanted_seconds=60.0) for one in odd.windows))
    view = view_of(whole, [Denial(record)])
    for found in texts(view):
        assert found.isprintable()
        assert len(found) <= 10 * (LONGEST + 1)
    json.dumps(live(view), allow_nan=False)


def _keys(view: View) -> list[list[str]]:
    return [
        [section.key for section in view.sections],
        [figure.key for figure in view.figures()],
        [curve.key for curve in view.curves()],
        [table.key for table in view.tables()],
    ]


def test_keys_are_one_thing_s() -> None:
    """No two figures, curves, tables or sections have the same key: each is renewed by its own."""
    for keys in _keys(view_of(report(dry_run=True), [denial()])):
        assert len(set(keys)) == len(keys)
        assert keys


def test_rows_have_their_columns() -> None:
    """Every row has a cell for each column."""
    for table in view_of(report(dry_run=True), [denial()]).tables():
        assert {len(row) for row in table.rows} <= {len(table.columns)}


def test_what_report_says_is_shown() -> None:
    """Figures, reasons, pools, processes, keys, alerts and advice are in the view, as the report has them."""
    view = view_of(report(), [denial()])
    figures = {figure.key: figure.cell.text for figure in view.figures()}
    assert (figures["checks-checks"], figures["checks-p99"], figures["checks-hit-ratio"]) == (
        "1,000/s",
        "1.20 ms",
        "99.5%",
    )
    rows: dict[str, Any] = {table.key: [[cell.text for cell in row] for row in table.rows] for table in view.tables()}
    assert rows["reasons"][1][:3] == ["no_policy_allows", "denied", "30.0/s"]
    assert rows["issuers"] == [
        ["https://idp.example", "995/s", "45.0/s", "59,700", "2,700", "4.5%"],
        ["(none)", "5.00/s", "5.00/s", "300", "300", "100%"],
    ]
    assert rows["policies"] == [["orders", "950/s", "0/s", "57,000", "0", "0%"]]
    assert rows["pools"] == [["verifier", "2", "92.0%", "20.0/s", "8.00 ms", "99.9%", "3", "4.50", "0"]]
    assert [row[1] for row in rows["processes"]] == ["ready", "ready", "crash loop", "ready"]
    assert rows["keys"][1][:3] == ["https://other.example", "1", "from a file"]
    assert rows["advice"][0][2] == "verification_workers: 2 -> 3"
    assert rows["alerts"][0][2:4] == ["92.0%", "80.0%"]
    assert rows["denials"][0][:2] == ["12:00:03", "no_policy_allows"]


def test_a_pool_whose_size_changes_shows_its_bounds() -> None:
    """With those for RSA and ECDSA alone, which are in the pool as well."""
    found = report()
    bounded = replace(found.setup, verifiers_min=1, verifiers_max=4, jwt_verifiers=1)
    table = next(one for one in view_of(replace(found, setup=bounded), []).tables() if one.key == "pools")
    assert table.rows[0][1].text == "2 (2-5)"


def test_what_would_be_denied() -> None:
    """Where nothing is enforced tables tell whose checks would be denied."""
    (table,) = (table for table in view_of(report(dry_run=True)).tables() if table.key == "issuers")
    assert [row[-1].text for row in table.rows] == ["12", "0"]


def test_banners() -> None:
    """That nothing is enforced, or that it is about to end, is not to be overlooked."""
    assert view_of(report()).banners == ()
    assert len(view_of(report(dry_run=True, draining=True)).banners) == 2


def test_denials_that_are_not_kept() -> None:
    """Where denials are not remembered there is no section for them; where there were none, it says so."""
    assert "denials" not in {section.key for section in view_of(report(), None).sections}
    (table,) = (table for table in view_of(report(), []).tables() if table.key == "denials")
    assert (table.rows, table.empty) == ((), "None yet.")


def test_newest_denials() -> None:
    """Of many the page has the newest, which are those that come first."""
    section = denials([denial(path=f"/{number}") for number in range(2 * MOST)])
    assert section is not None
    assert [row[5].text for row in section.tables[0].rows] == [f"/{number}" for number in range(MOST)]


def test_shape() -> None:
    """The shape stays while figures change, and is another one with other sections."""
    quiet, busy = view_of(report(points=0), []), view_of(report(), [denial()])
    assert shape(quiet) == shape(busy)
    assert shape(view_of(report(dry_run=True), [])) != shape(quiet)
