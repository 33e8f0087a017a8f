"""A view as JSON, for the page's own script: the texts under the keys by which the page has them.

    {"shape": "5f…", "made_at": "…", "banners": [[text, state]], "figures": {key: [text, state]},
     "curves": {key: [path, text]}, "tables": {key: [[[text, state, name of a denial or ""]]]}}

Where ``shape`` is another one the page has other rows and columns by now, and is to be loaded anew.
"""

from collections.abc import Sequence
from hashlib import blake2b

from sidecar.status.curve import path
from sidecar.status.view import Cell, View
from sidecar.status.wording import moment


def live(view: View) -> dict[str, object]:
    """Return it as values that JSON has."""
    return {
        "shape": shape(view),
        "made_at": moment(view.made_at),
        "banners": [_pair(banner) for banner in view.banners],
        "figures": {figure.key: _pair(figure.cell) for figure in view.figures()},
        "curves": {curve.key: [path(curve), curve.text] for curve in view.curves()},
        "tables": {table.key: list(map(_row, table.rows)) for table in view.tables()},
    }


def shape(view: View) -> str:
    """Return a digest of what does not change while the configuration does not."""
    parts = [
        (
            section.key,
            [figure.key for figure in section.figures],
            [curve.key for curve in section.curves],
            [(table.key, [column.title for column in table.columns]) for table in section.tables],
        )
        for section in view.sections
    ]
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _row(row: Sequence[Cell]) -> list[list[str]]:
    return [[*_pair(cell), cell.why] for cell in row]


def _pair(cell: Cell) -> list[str]:
    return [cell.text, cell.state.value]
