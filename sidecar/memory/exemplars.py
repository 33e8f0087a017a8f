"""Examples for a histogram's buckets: of each the last one that was noted, with the trace that it belongs to.

An area a process, of one line of 64 bytes a bucket (``line.py`` says why that needs no lock). In the machine's byte
order, after the checksum::

     8            24       32       40      64
     ┌────────────┬────────┬────────┬───────┐
     │ trace id   │ value  │ at     │ zeros │
     │ 16 bytes   │ f64    │ f64    │       │
     └────────────┴────────┴────────┴───────┘

There are such only where somebody notes them: without tracing nobody does, and it costs nothing.
"""

import mmap
from bisect import bisect_left
from dataclasses import dataclass
from math import inf
from struct import Struct

from sidecar.memory.layout import LINE
from sidecar.memory.line import Lines

TRACE_ID_BYTES = 16
#: Raise it with every change of the layout; no other lines' version.
_VERSION = 1001
_EXEMPLAR = Struct("=16sdd24x")
_NO_TRACE = bytes(TRACE_ID_BYTES)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation. ``at`` is in seconds since the epoch, ``value`` in the histogram's unit."""

    trace_id: bytes
    value: float
    at: float


class Exemplars:
    """The area of one process, from ``offset`` on, for a histogram with these ``bounds``; ``None``: there is none.

    Noted by one thread of one process, and read by any.
    """

    def __init__(self, memory: mmap.mmap, offset: int, bounds: tuple[float, ...] | None) -> None:
        self._lines = Lines(memory, offset, _VERSION)
        self._bounds = bounds

    def note(self, value: float, trace_id: bytes, at: float) -> None:
        """Note that ``value`` was observed in the trace of this id (16 bytes), ``at`` seconds since the epoch.

        What the histogram leaves out is left out here, and so is a trace without an id (W3C Trace Context, section
        3.2.2.3: all zeros are none). Raises ``ValueError`` for an id of another length.
        """
        if len(trace_id) != TRACE_ID_BYTES:
            raise ValueError(f"a trace id of {len(trace_id)} bytes: it has {TRACE_ID_BYTES}")
        if self._bounds is None or trace_id == _NO_TRACE or not 0.0 <= value < inf:
            return
        self._lines.write(bisect_left(self._bounds, value), _EXEMPLAR.pack(trace_id, value, at))

    def read(self) -> tuple[Exemplar | None, ...]:
        """Return the last of each bucket, ``None`` where there is none, or a torn one. Any process may ask."""
        bodies = map(self._lines.read, range(0 if self._bounds is None else len(self._bounds) + 1))
        return tuple(None if body is None else Exemplar(*_EXEMPLAR.unpack(body)) for body in bodies)


def size(bounds: tuple[float, ...] | None) -> int:
    """Return how many bytes an area takes: a multiple of 64."""
    return 0 if bounds is None else LINE * (len(bounds) + 1)


def newest(areas: list[tuple[Exemplar | None, ...]]) -> tuple[Exemplar | None, ...]:
    """Return of each bucket the one that was noted last, of all areas of one histogram."""
    return tuple(max(filter(None, each), key=_noted_at, default=None) for each in zip(*areas, strict=True))


def _noted_at(exemplar: Exemplar) -> float:
    return exemplar.at
