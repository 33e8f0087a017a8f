"""Puts what was measured into a page, between marks, so that no figure is copied by hand."""

from pathlib import Path


class NoMarkError(RuntimeError):
    """A page without the marks. The text says which are missing."""


def put(page: Path, name: str, text: str) -> None:
    """Replace what is between the marks of ``name``; raises ``NoMarkError``."""
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def replaced(whole: str, name: str, text: str) -> str:
    """Return a page's text with ``text`` between the marks of ``name``; raises ``NoMarkError``."""
    first, last = f"<!-- bench: {name} -->", f"<!-- bench: end of {name} -->"
    head, found, rest = whole.partition(first)
    _, ended, tail = rest.partition(last)
    if not (found and ended):
        raise NoMarkError(f"the page lacks {first} with {last} behind it")
    return f"{head}{first}\n\n{text.strip()}\n\n{last}{tail}"
