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
#: What browsers read to its end tag as text, or not as HTML, or as either: it depends on what is around it.
_RAW = "iframe|noembed|noframes|style|xmp"
_OTHER = "math|noscript|svg|template"
_ESCAPED = "textarea|title"
_APART = f"{_RAW}|{_OTHER}|plaintext|script"


def _attributes(but: str) -> str:
    return rf"""(?:\s+[a-z_:][\w:.-]*(?:\s*=\s*(?:"[^"{but}]*"|'[^'{but}]*'|[^\s"'=<>`\ue000]+))?)*\s*/?"""


_ATTRIBUTES, _FEW = _attributes("\ue000"), _attributes("<\ue000")
# INVARIANT: where browsers may take something for one thing or another, there is no bracket in it that would begin or
# end something in one of both.
_WITHIN = rf"""[^<\ue000]
    |<!--(?!-?>)(?:(?!--)[^<\ue000])*-->
    |<style{_FEW}>[^<\ue000]*</style\s*>
    |<title{_FEW}>[^<\ue000]*</title\s*>
    |</?(?!(?:{_APART}|{_ESCAPED})[\s/>])[a-z][a-z0-9-]*{_FEW}>"""
_PIECE = re.compile(
    rf"""(?P<text>[^<]+)
    |<!--(?!-?>)(?:(?!--!?>|<!--)[^\ue000])*-->
    |<!doctype[^<>\ue000]*>
    |<script{_ATTRIBUTES}>(?:(?!<!--|</script[\s/>])[^\ue000])*</script\s*>
    |<(?P<raw>{_RAW}){_ATTRIBUTES}>[^<\ue000]*</(?P=raw)\s*>
    |<(?P<other>{_OTHER}){_ATTRIBUTES}>(?:{_WITHIN})*</(?P=other)\s*>
    |<(?P<escaped>{_ESCAPED}){_ATTRIBUTES}>(?=[^<]*</(?P=escaped)\s*>)
    |</?(?!(?:{_APART})[\s/>])(?!(?<!/)(?:{_ESCAPED})[\s/>])[a-z][a-z0-9-]*{_ATTRIBUTES}>""",
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
