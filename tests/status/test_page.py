"""The page as HTML: what is foreign stays text, and the figures are there without any script."""

from html.parser import HTMLParser

import pytest

from sidecar.status.denials import Denial
from sidecar.status.page import page, why_page
from sidecar.status.sections import view_of
from sidecar.status.why import why
from support.denials import denial
from support.hostile import HOSTILE
from support.status_reports import report
from support.trusts import trust

_OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "section", "h1", "h2", "p", "span"),
    *("div", "dl", "dt", "dd", "bdi", "figure", "figcaption", "svg", "path", "output", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td", "a", "ul", "li", "strong", "pre"),
}
_ATTRIBUTES = {
    *("lang", "charset", "name", "content", "rel", "href", "src", "defer", "id", "class", "role", "hidden", "scope"),
    *("aria-live", "aria-labelledby", "data-seconds", "data-shape", "data-figure", "data-curve", "data-table"),
    *("viewbox", "preserveaspectratio", "d", "vector-effect"),
}


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(document: bytes) -> _Read:
    """Return a page, read as a browser would."""
    found = _Read()
    found.feed(document.decode())
    found.close()
    return found


def _shape(found: _Read) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in found.elements]


def _denial(text: str) -> dict[str, str]:
    return dict.fromkeys(("reason", "policy", "method", "host", "path", "subject", "issuer", "address", "detail"), text)


def _status(one: Denial) -> bytes:
    return page(view_of(report(), [one]))


def _explained(one: Denial) -> bytes:
    return why_page(why(one, trust()))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_foreign_text_stays_text(text: str) -> None:
    """Whatever a denial says, both pages have the elements and attributes that they have for a harmless one."""
    # What is not all UTF-8 cannot be asked about again: such a page lacks the command.
    plain = "harmless \ud800" if "\ud800" in text else "harmless"
    for show in (_status, _explained):
        harmless, hostile = (read(show(denial(**_denial(one)))) for one in (plain, text))
        assert _shape(hostile) == _shape(harmless)
        for tag, attributes in hostile.elements:
            assert tag in _OURS
            assert set(attributes) <= _ATTRIBUTES
            assert all(text[:40] not in (value or "") for value in attributes.values())
        assert hostile.text.replace("\n", "").isprintable()


def test_figures_without_script() -> None:
    """All figures, tables and curves are in the page as it comes."""
    view = view_of(report(), [denial()])
    text = read(page(view)).text
    for figure in view.figures():
        assert figure.cell.text in text
    for table in view.tables():
        assert all(cell.text in text for row in table.rows for cell in row)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    """There is one script and one style, both files of ours, and no address leads anywhere else."""
    found = read(page(view_of(report(), [denial()])))
    assert [attributes["src"] for tag, attributes in found.elements if tag == "script"] == ["status/page.js"]
    addresses = [attributes["href"] or "" for _, attributes in found.elements if "href" in attributes]
    assert {address.partition("?")[0] for address in addresses} == {"status/page.css", "status", "status/why"}


def test_headings_of_tables() -> None:
    """For a reader that reads aloud: tables have captions, and cells that say what columns and rows are about."""
    found = read(page(view_of(report(), [denial()])))
    tags = [tag for tag, _ in found.elements]
    assert tags.count("caption") == tags.count("table") > 5
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in found.elements if tag == "th")
    live = [attributes for _, attributes in found.elements if "aria-live" in attributes]
    assert {attributes["aria-live"] for attributes in live} == {"polite"}
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    labels = {attributes["aria-labelledby"] for _, attributes in found.elements if "aria-labelledby" in attributes}
    assert labels <= set(ids)
