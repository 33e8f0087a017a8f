"""Counters that are named as they occur: a region of shared memory a process, with one writer and any reader.

``labelled_layout.py`` has the picture. Whoever counts asks once for the number of its counter, and keeps it::

    number = counters.number(labels)                     the first time: found, or a new cell
    words[number] += 1                                   each time

A cell is published in this order: its name, the name's checksum, and only then is anything counted in it. A reader
copies the name before it looks at it, and believes a copy whose checksum is right. So a cell is seen with its right
name or not at all, whichever order another processor sees the stores in, and whenever the writer is killed. INVARIANT:
the name of a cell that was published never changes, so that it need not be read again, and a count never goes back.

Cells are taken one after the other, and the first that has no name ends them. One whose writer was killed before its
checksum was right has no name and no count: the next incarnation takes it anew. That finds the cells of the last one by
their names, and goes on counting there.

Nothing is ever not counted: where there is no cell left, a fixed counter counts, which ``others`` of the schema names.
"""

from sidecar.memory.labelled_layout import (
    CELL,
    CHECKSUM_AT,
    NAME_AT,
    WORD,
    LabelledSchema,
    Labels,
    checksum,
    read,
    shown,
    written,
)


class LabelledCounters:
    """One region, from ``offset`` on in ``cells``; ``words`` is the same memory as 64-bit words.

    A counter's number is the index of its word. Named by one thread of one process, and read by any process, where
    it is opened anew.
    """

    def __init__(self, cells: memoryview, words: memoryview, schema: LabelledSchema, offset: int) -> None:
        self._cells = cells
        self._words = words
        self._schema = schema
        self._first = offset + schema.first_cell
        #: Numbers by label values as they are kept.
        self._numbers: dict[Labels, int] = {one: offset // WORD + at for at, one in enumerate(schema.fixed)}
        #: And by those that were too long for that.
        self._cut: dict[Labels, int] = {}
        self._found = 0
        self._find()

    def number(self, labels: Labels) -> int:
        """Return the number of the counter with these values; of that for others, where there is no room for it."""
        number = self._numbers.get(labels)
        return self._look(labels) if number is None else number

    def read(self) -> dict[Labels, int]:
        """Return all counts. Any process may ask."""
        self._find()
        words = self._words
        return {labels: words[number] for labels, number in self._numbers.items()}

    def _look(self, labels: Labels) -> int:
        number = self._cut.get(labels)
        if number is not None:
            return number
        kept = shown(labels, self._schema.longest)
        number = self._numbers.get(kept)
        if number is None:
            if self._found >= self._schema.cells:
                return self._numbers[self._schema.others(labels)]
            number = self._publish(kept)
        if kept != labels:
            self._cut[labels] = number
        return number

    def _publish(self, labels: Labels) -> int:
        start, name = self._start(self._found), written(labels)
        self._cells[start + NAME_AT : start + CELL] = name
        self._cells[start + CHECKSUM_AT : start + NAME_AT] = checksum(name)
        return self._enter(labels)

    def _find(self) -> None:
        """Take in the cells that were published since the last time."""
        while self._found < self._schema.cells:
            start = self._start(self._found)
            copy = bytes(self._cells[start + CHECKSUM_AT : start + CELL])
            name = copy[NAME_AT - CHECKSUM_AT :]
            if checksum(name) != copy[: NAME_AT - CHECKSUM_AT]:
                return
            self._enter(read(name, len(self._schema.labels)))

    def _enter(self, labels: Labels) -> int:
        number = self._numbers[labels] = self._start(self._found) // WORD
        self._found += 1
        return number

    def _start(self, cell: int) -> int:
        return self._first + cell * CELL
