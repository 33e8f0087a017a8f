"""What a page is given, and what it returns."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

PLAIN = "text/plain; charset=utf-8"
JSON = "application/json"

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request. ``path`` and ``query`` are what the target had before and after the ``?``, not decoded."""

    method: str
    path: str
    query: str
    headers: Headers  #: names in lower case
    read: Callable[[], Awaitable[bytes]]  #: returns the body; raises ``Rejection`` for one that is too long

    def values(self, name: str) -> list[str]:
        """Return all values of the header ``name``, given in lower case."""
        return [value for found, value in self.headers if found == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes
    content_type: str = PLAIN
    headers: Headers = ()


class Rejection(Exception):  # noqa: N818 - an expected outcome, as core's Refusal
    """A page says no; ``answer`` says how."""

    def __init__(self, status: int, message: str, headers: Headers = ()) -> None:
        super().__init__(status, message)
        self.answer = text(status, message, headers)


Page = Callable[[Call], Awaitable[Answer]]


def text(status: int, message: str, headers: Headers = ()) -> Answer:
    """Return an answer in plain text; a line's end is added."""
    return Answer(status, f"{message}\n".encode("utf-8", "replace"), PLAIN, headers)


def document(status: int, value: object) -> Answer:
    """Return an answer in JSON. Raises ``TypeError`` for what JSON has no form for."""
    return Answer(status, json.dumps(value, indent=2, allow_nan=False).encode() + b"\n", JSON)
