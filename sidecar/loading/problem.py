"""What is wrong with a configuration, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Names and list indices from the document's root.
FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: which field, and what.

    ``source`` is where: a file's path with line and column, or an environment variable.
    """

    source: str
    field: str
    message: str

    def __str__(self) -> str:
        """Return one line in the form compilers use, so that editors can jump to it."""
        return ": ".join(part for part in (self.source, self.field, self.message) if part)


class ConfigurationError(Exception):
    """A configuration that is not used, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def dotted(path: FieldPath) -> str:
    """Return ``path`` the way people write it: ``issuers[0].keys.file``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
