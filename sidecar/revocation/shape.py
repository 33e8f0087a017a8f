"""How a line is written, learned from one, so that all that are written like it are read at once.

    {"issuer": "https://idp.example", "jti": "8f14e45f", "expires_at": 1790000000}      a line that ``read_entry`` took
    {"issuer": "https://idp.example", "jti": "(value)", "expires_at": (number)}         its shape: a regular expression

Who writes a million lines writes them alike. Reading one as JSON costs ten times as much as matching it.

**Why what matches is what JSON would have made of it.** The line that was learned from is an object that ``read_entry``
takes, and has no backslash. So its quotes are the ends of its strings, and what stands between two of them is a string
as it stands there; another string without quotes, backslashes and control characters in its place changes that value
and nothing else (RFC 8259, section 7). So do digits in the place of digits, where no sign, point or exponent is beside
them (section 6), within the bounds that an entry's times have. All else must be the same, byte by byte.
"""

import re
from typing import NamedTuple

from sidecar.core.claims import LONGEST_NAME
from sidecar.revocation.entry import Entry

#: Bytes of a line that is learned from. What has its shape is shorter than a line may be.
LONGEST = 4096
#: What is in a string: bytes of UTF-8, which whoever matches has to see to. As many bytes as a value may have
#: characters, or fewer.
_VALUE = rb'([^"\\\x00-\x1f]{1,%d})' % LONGEST_NAME
#: A time in seconds without a leading zero, before ``entry.LATEST``.
_NUMBER = rb"([1-9][0-9]{0,8}|[1-3][0-9]{9})"
_HOLES = re.compile(
    rb'"(?:(?P<kind>jti|sub|sid|kid)"[ \t]*:[ \t]*"(?P<value>[^"]+)"'
    rb'|(?P<time>expires_at|revoked_at)"[ \t]*:[ \t]*(?P<number>' + _NUMBER + rb")(?![0-9.eE]))"
)


class Shape(NamedTuple):
    """``expression`` has a group for each of ``columns``, in their order: ``value``, ``expires_at``, ``revoked_at``."""

    expression: bytes
    columns: tuple[str, ...]
    entry: Entry


def shape_of(line: bytes, entry: Entry) -> Shape | None:
    """Return the shape of ``line``, of which ``entry`` was read; ``None`` where others cannot be told to be like it."""
    if entry.before is not None or b"\\" in line or len(line) > LONGEST:
        return None
    expression, columns, end = b"", [], 0
    for hole in _HOLES.finditer(line):
        name, group = ("value", "value") if hole["kind"] else (hole["time"].decode(), "number")
        expression += re.escape(line[end : hole.start(group)]) + (_NUMBER if hole["time"] else _VALUE)
        columns.append(name)
        end = hole.end(group)
    return Shape(expression + re.escape(line[end:]), tuple(columns), entry) if "value" in columns else None
