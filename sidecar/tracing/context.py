"""Which trace a request belongs to: the headers ``traceparent`` and ``tracestate`` (W3C Trace Context, section 3).

```
00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
│  trace-id, 32 digits              parent-id, 16    └ flags: bit 0 is "sampled"
└ version
```
Digits are lower-case hexadecimal. Read strictly, since anybody may have written it: what is not exactly so is no trace
context, and with it all of its ``tracestate`` is dropped.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
CONTEXT = (TRACEPARENT, TRACESTATE)
#: Characters of a ``tracestate`` that are kept, at the most: as many as have to be (section 3.3.1.5).
MAX_STATE = 512

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^,]*)?", re.ASCII)
_NO_VERSION = "ff"
_SAMPLED = 1
_KEY = r"(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
#: One member of the list; a value ends with no space.
_MEMBER = re.compile(rf"({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]", re.ASCII)
_MOST_MEMBERS = 32
#: Longer members are the first to go (section 3.3.1.5).
_LONG_MEMBER = 128


class TraceContext(NamedTuple):
    """A trace, and the span in it that asks. Ids are lower-case hexadecimal, of 32 and 16 digits, and never all zero.

    ``sampled``: whether whoever asks records its span. ``state`` is the ``tracestate``, bounded; empty without one.
    """

    trace_id: str
    span_id: str
    sampled: bool
    state: str = ""


def parse_traceparent(value: str) -> TraceContext | None:
    """Read one ``traceparent``; ``None`` where it is none.

    Of later versions than 00 what we know is read, whatever comes behind it (section 3.2.4). A comma means that there
    were several.
    """
    match = _PARENT.fullmatch(value)
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == _NO_VERSION or (version == "00" and more is not None):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def bounded_tracestate(value: str) -> str:
    """Return a ``tracestate`` of at most ``MAX_STATE`` characters: whole members alone, the long ones left out first.

    Empty where any member is malformed, comes twice, or is one too many (section 3.3.1): nothing of it can be believed.
    """
    members = [one for one in (part.strip(" \t") for part in value.split(",", _MOST_MEMBERS * 2)) if one]
    keys = [match[1] for match in map(_MEMBER.fullmatch, members) if match is not None]
    if len(keys) < len(members) or len(set(keys)) < len(keys) or len(keys) > _MOST_MEMBERS:
        return ""
    if _size(members) > MAX_STATE:
        members = [one for one in members if len(one) <= _LONG_MEMBER]
    while _size(members) > MAX_STATE:
        members.pop()
    return ",".join(members)


def _size(members: Sequence[str]) -> int:
    """Return how many characters they take, with the commas between them."""
    return sum(map(len, members)) + max(0, len(members) - 1)


def read_context(traceparents: Sequence[str], tracestates: Sequence[str] = ()) -> TraceContext | None:
    """Read the values of both headers, one a header; ``None`` unless there is one ``traceparent``, and a good one."""
    if len(traceparents) != 1:
        return None
    found = parse_traceparent(traceparents[0])
    if found is None or not tracestates:
        return found
    return found._replace(state=bounded_tracestate(",".join(tracestates)))


def context_of(headers: Mapping[str, str]) -> TraceContext | None:
    """Read a request's headers, with names in lower case and duplicates joined by a comma."""
    parent = headers.get(TRACEPARENT)
    if parent is None:
        return None
    state = headers.get(TRACESTATE)
    return read_context((parent,), () if state is None else (state,))


def trace_id_of(headers: Mapping[str, str]) -> str:
    """Return the id of the trace that a request belongs to, 32 hexadecimal digits; empty where it names none."""
    parent = headers.get(TRACEPARENT)
    found = None if parent is None else parse_traceparent(parent)
    return "" if found is None else found.trace_id
