"""A view as HTML. Jinja2 is known here alone.

INVARIANT: every value that a template has is escaped, and each stands in text or in a quoted attribute that is no
address, event or style; a name that is not there is an error.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sidecar.status import curve
from sidecar.status.live import shape
from sidecar.status.view import View
from sidecar.status.why import Why
from sidecar.status.wording import moment

#: Seconds between two questions of the page's script: an answer takes the sidecar some ten milliseconds.
SECONDS = 2
#: Where style and script are, seen from the page and from the pages below it.
_ROOT, _BELOW = "status/", ""


def page(view: View) -> bytes:
    """Return the status page."""
    return _render(
        "status.html",
        root=_ROOT,
        view=view,
        made_at=moment(view.made_at),
        seconds=SECONDS,
        shape=shape(view),
        width=curve.WIDTH,
        height=curve.HEIGHT,
    )


def why_page(why: Why) -> bytes:
    """Return the page that explains a denial."""
    return _render("why.html", root=_BELOW, why=why)


def _render(name: str, **values: object) -> bytes:
    # A lone surrogate has no UTF-8; such are escapes by now (view.py), and this is for what is not.
    return _environment().get_template(name).render(values).encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters["path"] = curve.path
    return found
