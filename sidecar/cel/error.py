"""What is wrong with an expression, with the place in it."""

#: Characters of a line that are shown around the place.
_SHOWN = 60


class CelError(ValueError):
    """The expression is not taken. The text says what is wrong, where, and what to write."""


def at(source: str, offset: int, problem: str) -> CelError:
    """Return the error for ``problem`` at a character of ``source``."""
    offset = min(max(offset, 0), len(source))
    before = source[:offset]
    return at_line(source, before.count("\n") + 1, offset - before.rfind("\n") - 1, problem)


def at_line(source: str, line: int, column: int, problem: str) -> CelError:
    """Return the error for ``problem`` in a line, counted from 1, at a column, counted from 0."""
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    start = max(0, column - _SHOWN)
    shown = "".join(one if one.isprintable() else " " for one in text[start : column + _SHOWN])
    return CelError(f"{line}:{column + 1}: {problem}\n | {shown}\n | {'.' * (column - start)}^")
