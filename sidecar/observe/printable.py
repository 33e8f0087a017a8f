"""Text of others before the eyes of operators: logs, tokens, policies and paths may have what steers a terminal."""


def printable(text: str, kept: str = "") -> str:
    """Return ``text`` with whatever is not shown as itself (ESC, line ends, marks that turn its direction) as escapes.

    ``kept`` are characters that stay nonetheless.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else _escape(one) for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
