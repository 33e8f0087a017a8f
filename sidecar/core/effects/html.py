"""Pages with values in them: a template, and what is put into it.

``{{ name }}`` stands for a value, between elements alone: never within a tag, a comment, a script or a style, where
what is escaped for text could still be code (OWASP's cheat sheet on cross-site scripting, rules 0 and 1). So that
there can be no doubt about where that is, what is around values must be written as the HTML Standard has it (section
13.1), quotes and brackets closed.
"""

import re
from html import escape

_SLOT = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
#: Stands in the place of values while a template is looked at.
_MARK = "\ue000"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: What a browser does not read as elements and escaped text, or not as those of HTML; to its end tag.
_RAW = "iframe|math|noembed|noframes|noscript|script|style|svg|template|xmp"
_ATTRIBUTES = r"""(?:\s+[a-z_:][\w:.-]*(?:\s*=\s*(?:"[^"\ue000]*"|'[^'\ue000]*'|[^\s"'=<>`\ue000]+))?)*\s*/?"""
_PIECE = re.compile(
    rf"""(?P<text>[^<]+)
    |<!--(?!-?>)(?:(?!--!?>|<!--)[^\ue000])*-->
    |<!doctype[^<>\ue000]*>
    |<(?P<raw>{_RAW}){_ATTRIBUTES}>(?:(?!<!--)[^\ue000])*?</(?P=raw)\s*>
    |</?(?!(?:{_RAW}|plaintext)[\s/>])[a-z][a-z0-9-]*{_ATTRIBUTES}>""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


class TemplateError(ValueError):
    """A template that is not taken; ``str`` says why, and what to write."""


def slots(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take a template apart: return its literal parts, and the names of the values between them.

    Raises ``TemplateError``.
    """
    pieces = _SLOT.split(template)
    parts, names = tuple(pieces[::2]), tuple(pieces[1::2])
    if any("{{" in part or "}}" in part for part in parts):
        raise TemplateError("'{{' and '}}' go around a name of 'values', as in {{ name }}")
    if _MARK in template or _CONTROLS.search(template.replace("\r\n", "\n")):
        raise TemplateError("has a control character, or one that stands for nothing")
    if names:
        _refuse_hidden(_MARK.join(parts), len(names))
    return parts, names


def filled(parts: tuple[str, ...], values: list[str]) -> str:
    """Put the values between the parts, escaped."""
    escaped = [escape(value, quote=True) for value in values]
    return "".join(piece for pair in zip(parts, [*escaped, ""], strict=True) for piece in pair)


def _refuse_hidden(text: str, marks: int) -> None:
    """Raise ``TemplateError`` unless all marks stand in text."""
    place = found = 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise TemplateError(
                f"a {{{{ name }}}} may stand in text alone, and what is around it must be closed; look at "
                f"{text[place : place + 20].replace(_MARK, '{{ }}')!r}, and write '&lt;' for a bracket that is text"
            )
        found += (piece["text"] or "").count(_MARK)
        place = piece.end()
    assert found == marks  # noqa: S101 - nothing else has one
