"""The end of a ring that reads. ``ring.py`` tells how both work together."""

import mmap

from xxhash import xxh3_64_intdigest

from sidecar.memory.ring_layout import (
    ANSWER,
    CHECKSUM,
    HEADER,
    HELLO,
    NOBODY,
    NOTE,
    READ,
    RECORDS,
    WRITTEN,
    WRITTEN_ALL,
    Note,
    Region,
    draw,
    padded,
    read_note,
    write_note,
)

#: So many times in a row may a record that was written not be whole. Stores of another processor are seen within far
#: less than a microsecond, so what is still not whole was overwritten.
PATIENCE = 16


class Consumer:
    """Reads records from the ring at ``region`` of ``memory``; the only one that does, in one thread.

    ``seed``: a secret of 64 bits, the same for both ends. Make it after a fork, never before. Raises ``ValueError`` for
    a region that does not fit.
    """

    def __init__(self, memory: mmap.mmap, region: Region, seed: int) -> None:
        region.must_fit(memory)
        self._memory, self._seed, self._capacity = memory, seed, region.capacity
        self._hello_span = slice(region.offset + HELLO, region.offset + HELLO + NOTE.size)
        self._written_at = region.offset + WRITTEN
        self._answer_span = slice(region.offset + ANSWER, region.offset + ANSWER + NOTE.size)
        self._read_span = slice(region.offset + READ, region.offset + READ + NOTE.size)
        self._start, self._end = region.offset + RECORDS, region.end
        #: How many sessions this end has been in or waited for.
        self.sessions = 0
        self._has_left = False
        self._hello = b""
        self._answer: bytes
        self._read: bytes
        self._meet(NOBODY)
        self._look_for_producer()

    def pop(self) -> bytes | None:
        """Return the next record, or ``None`` if there is none that is whole yet."""
        records = self.drain(1)
        return records[0] if records else None

    def drain(self, limit: int) -> list[bytes]:
        """Return the next records, ``limit`` at most."""
        if not self._has_left:
            self._look_for_producer()
        records: list[bytes] = []
        while len(records) < limit:
            record = self._next()
            if record is None:
                break
            records.append(record)
        if records:
            self._unfinished = 0
            self._tell_read()
        else:
            self._find_nothing()
        return records

    def attend(self) -> None:
        """Notice a new producer, or one that offers a new session, without reading; ``sessions`` says so then."""
        if not self._has_left:
            self._look_for_producer()

    def leave(self) -> None:
        """Have nothing new pushed, for good. What was pushed until the producer knows is there to be read still."""
        self._has_left = True
        self._answer_with(NOBODY)

    @property
    def released(self) -> bool:
        """Say, after ``leave``, whether the producer knows, or is gone: what is not in the ring by now never is."""
        if self._producer == NOBODY:
            return True
        hello = read_note(HELLO, self._memory[self._hello_span], self._seed)
        return hello is not None and hello.producer != self._producer

    def _look_for_producer(self) -> None:
        line = self._memory[self._hello_span]
        if line == self._hello:
            return
        hello = read_note(HELLO, line, self._seed)
        if hello is not None and hello.producer != NOBODY:  # it is torn otherwise, and nothing is new yet
            self._hello = line
            self._meet(hello.producer)

    def _meet(self, producer: int) -> None:
        """Begin a session of its own kind with ``producer``: none that ever was, whatever is in memory."""
        self.sessions += 1
        self._producer, self._consumer = producer, draw()
        self._bytes = self._records = self._unfinished = 0
        self._tell_read()
        self._answer_with(self._consumer)

    def _answer_with(self, consumer: int) -> None:
        self._answer = write_note(ANSWER, Note(self._producer, consumer, 0, 0), self._seed)
        self._memory[self._answer_span] = self._answer

    def _next(self) -> bytes | None:
        """Copy the record that is due, and return its content if it is that record, and whole."""
        start = self._start + self._bytes % self._capacity
        # INVARIANT: what is believed below are two copies, this one and the content's; memory is not looked at again.
        head = self._memory[start : start + HEADER.size]
        checksum, producer, consumer, sequence, length = HEADER.unpack(head)
        if sequence != self._records or consumer != self._consumer or producer != self._producer:
            return None
        if length > self._capacity - HEADER.size:
            return None
        content = self._copy(start + HEADER.size, length)
        if xxh3_64_intdigest(head[CHECKSUM.size :] + content, self._seed) != checksum:
            return None
        self._bytes += padded(length)
        self._records += 1
        return content

    def _copy(self, start: int, length: int) -> bytes:
        room = self._end - start  # the header never reaches over the end: it is shorter than a line
        if length <= room:
            return self._memory[start : start + length]
        return self._memory[start : self._end] + self._memory[self._start : self._start + length - room]

    def _find_nothing(self) -> None:
        """Write our lines anew where something else got into them, and give up a session that cannot go on."""
        if self._memory[self._read_span] != self._read:
            self._memory[self._read_span] = self._read
        if self._memory[self._answer_span] != self._answer:
            self._memory[self._answer_span] = self._answer
        written, *session = WRITTEN_ALL.unpack_from(self._memory, self._written_at)
        waiting = written > self._records and session == [self._producer, self._consumer]
        self._unfinished = self._unfinished + 1 if waiting else 0
        if self._unfinished >= PATIENCE and not self._has_left:
            self._meet(self._producer)

    def _tell_read(self) -> None:
        read = Note(self._producer, self._consumer, self._bytes, self._records)
        self._read = write_note(READ, read, self._seed)
        self._memory[self._read_span] = self._read
