"""Counters and histograms in shared memory: one row a process, with one writer; readers add the rows up.

A row is cells of 8 bytes in the machine's byte order, and begins at a multiple of 64 bytes, so that no two processes
write into one line of the processor's cache::

    ┌───────────┬───────────┬───┬────────────────────────────────────────────┬─────┬───┬──────────┬───────────┐
    │ counter 0 │ counter 1 │ … │ histogram 0: each bucket, above all bounds │ sum │ … │ labelled │ exemplars │
    │ u64       │ u64       │   │ u64 …                                      │ f64 │   │          │           │
    └───────────┴───────────┴───┴────────────────────────────────────────────┴─────┴───┴──────────┴───────────┘

The last two have files of their own (``labelled_layout.py``, ``exemplars.py``), and each begins at a multiple of 64.

A row outlives its process: the next incarnation of the same child goes on adding, so that no total ever goes back. A
process killed in the middle of adding loses that one addition. INVARIANT: the next incarnation starts only after the
last one has ended; two writers in one row would lose additions.

What this relies on, as ``mmap_dict`` of prometheus_client does: an aligned cell of 8 bytes is loaded and stored as a
whole by every processor that is supported. CPython copies an item of a cast ``memoryview`` with one ``memcpy`` of 8
bytes, which compilers turn into one store; ``struct`` with a given byte order would write byte by byte, and a reader
could find 0 or 511 on the way from 255 to 256.

Cells are not a snapshot: a reader may see one addition and not yet the next, the count of a histogram without its sum.
Each cell for itself never goes back, and that is all that rates need.

A segment of zeros is a table of zeros. There are no names in it but those of labelled counters: the schema is a value
that all who share the table make in the same way.
"""

from bisect import bisect_left
from math import inf
from types import TracebackType
from typing import Self

from sidecar.memory.counter_schema import Distribution, Schema, Totals, added
from sidecar.memory.exemplars import Exemplar, Exemplars, newest
from sidecar.memory.labelled import LabelledCounters
from sidecar.memory.layout import LINE
from sidecar.memory.segment import Segment


class Row:
    """One process's row. Made by ``CounterTable``; added to by one thread of one process.

    ``words`` and ``sums`` are all of it, as 64-bit words and as floating-point numbers, for who cannot afford a call.
    """

    def __init__(self, cells: memoryview, schema: Schema, exemplars: Exemplars) -> None:
        self._cells = cells
        self.words = cells.cast("Q")
        self.sums = cells.cast("d")
        self.labelled = LabelledCounters(cells, self.words, schema.labelled, schema.labelled_at)
        self.exemplars = exemplars
        self._counters = len(schema.counters)
        starts = zip(schema.starts(), schema.histograms, strict=True)
        self._histograms = [(start, histogram.bounds, start + histogram.cells - 1) for start, histogram in starts]

    def place(self, index: int) -> tuple[int, tuple[float, ...], int]:
        """Return where the histogram ``index`` is: the word of its first bucket, its bounds, the place of its sum."""
        return self._histograms[index]

    def add(self, index: int, n: int = 1) -> None:
        """Add ``n``, at least 0, to the counter ``index``."""
        self.words[index] += n

    def observe(self, index: int, value: float, counter: int | None = None) -> None:
        """Count ``value`` in the histogram ``index``, and one more in ``counter``: together, as each check asks both.

        What is negative or not finite is left out of the histogram, since a sum must never go back.
        """
        counts = self.words
        if counter is not None:
            counts[counter] += 1
        if 0.0 <= value < inf:
            start, bounds, total = self._histograms[index]
            counts[start + bisect_left(bounds, value)] += 1
            self.sums[total] += value

    def read(self) -> Totals:
        """Return what it holds. Any process may."""
        end = self._histograms[-1][2] + 1 if self._histograms else self._counters
        counts = self.words[:end].tolist()  # item by item, each loaded as a whole
        return Totals(
            counters=tuple(counts[: self._counters]),
            histograms=tuple(
                Distribution(tuple(counts[start:total]), self.sums[total]) for start, _, total in self._histograms
            ),
            labelled=self.labelled.read(),
        )

    def release(self) -> None:
        """Let go of the memory. May be called twice."""
        for view in (self.words, self.sums, self._cells):
            view.release()


class CounterTable:
    """``rows`` rows of ``schema`` in ``segment``, from ``offset`` on; all who open it agree on the four.

    Raises ``ValueError`` for an ``offset`` that is no multiple of 64, for no row, and where the segment is too small.
    It and its rows hold on to the memory: ``close`` it before the segment.
    """

    def __init__(self, segment: Segment, schema: Schema, rows: int, offset: int = 0) -> None:
        end = offset + size(schema, rows)
        if offset < 0 or offset % LINE or rows < 1 or end > segment.size:
            raise ValueError(
                f"{rows} rows of counters take {size(schema, rows)} bytes from a multiple of {LINE} on: {offset} of a "
                f"segment of {segment.size} bytes does not do"
            )
        self.schema = schema
        with memoryview(segment.memory) as whole:
            self._rows = [
                Row(
                    whole[start : start + schema.row_bytes],
                    schema,
                    Exemplars(segment.memory, start + schema.exemplars_at, schema.exemplar_bounds),
                )
                for start in range(offset, end, schema.row_bytes)
            ]

    def row(self, index: int) -> Row:
        """Return a process's own row. No other process may add to it; ``IndexError`` for one too large."""
        return self._rows[index]

    def total(self, index: int) -> int:
        """Return the sum of one counter over all rows. Any thread may ask: no labelled one is looked at."""
        return sum(row.words[index] for row in self._rows)

    def totals(self) -> Totals:
        """Add all rows up; for the thread that counts in any of them here: it takes in the labelled ones' names."""
        return added([row.read() for row in self._rows])

    def exemplars(self) -> tuple[Exemplar | None, ...]:
        """Return the last exemplar of each bucket, of all rows; none where the schema has none."""
        return newest([row.exemplars.read() for row in self._rows])

    def close(self) -> None:
        """Let go of the memory, with all rows. May be called twice."""
        for row in self._rows:
            row.release()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def size(schema: Schema, rows: int) -> int:
    """Return how many bytes so many rows take: a multiple of 64."""
    return schema.row_bytes * rows
