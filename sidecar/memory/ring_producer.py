"""The end of a ring that writes. ``ring.py`` tells how both work together."""

import mmap

from xxhash import xxh3_64_intdigest

from sidecar.memory.ring_layout import (
    ANSWER,
    BODY_HEAD,
    CHECKSUM,
    HELLO,
    NOBODY,
    NOTE,
    READ,
    RECORDS,
    RECORDS_WRITTEN,
    WRITTEN,
    WRITTEN_ALL,
    Note,
    Region,
    draw,
    padded,
    read_note,
    write_note,
)


class Producer:
    """Writes records into the ring at ``region`` of ``memory``; the only one that does, in one thread.

    ``seed``: a secret of 64 bits, the same for both ends. Make it after a fork, never before: a producer and its copy
    would take themselves for one. Raises ``ValueError`` for a region that does not fit.
    """

    def __init__(self, memory: mmap.mmap, region: Region, seed: int) -> None:
        region.must_fit(memory)
        self._memory, self._seed, self._capacity = memory, seed, region.capacity
        self._hello_at, self._written_at = region.offset + HELLO, region.offset + WRITTEN
        self._answer_span = slice(region.offset + ANSWER, region.offset + ANSWER + NOTE.size)
        self._read_span = slice(region.offset + READ, region.offset + READ + NOTE.size)
        self._start, self._end = region.offset + RECORDS, region.end
        #: Who this producer is in the session that it offers or is in; another number for each.
        self.epoch: int
        #: Whether there is nobody to read, by the consumer's own word: none ever was, or the last one has left.
        self.deserted = False
        self._consumer: int
        self._answer: bytes
        self._nobody = bytes(NOTE.size)
        self.renew()

    def push(self, record: bytes) -> bool:
        """Append ``record``; ``False`` if there is no room, if it is too large, or if no consumer has answered yet."""
        if self._memory[self._answer_span] != self._answer and not self.attend():
            return False
        taken = padded(len(record))
        if self._bytes + taken - self._read.bytes > self._capacity:
            self._look_at_read()
            if self._bytes + taken - self._read.bytes > self._capacity:
                self._heal()  # should the consumer wait for what was overwritten, it has to see that it does
                return False
        body = BODY_HEAD.pack(self.epoch, self._consumer, self._records, len(record)) + record
        self._write(CHECKSUM.pack(xxh3_64_intdigest(body, self._seed)) + body)
        self._bytes += taken
        self._records += 1
        RECORDS_WRITTEN.pack_into(self._memory, self._written_at, self._records)
        return True

    def attend(self) -> bool:
        """Look for the consumer, and say whether there is one that reads what is pushed now.

        Where it is another one than before the session ends, records that it has not read are lost, and ``epoch``
        changes: the consumer should be woken up then, for it must answer before there is a new session. Where it has
        left ``epoch`` changes too, and it reads all that is in the ring.
        """
        line = self._memory[self._answer_span]
        if line == self._answer:
            return True
        self.deserted = line == self._nobody
        if self.deserted:
            return False
        self._heal()
        answer = read_note(ANSWER, line, self._seed)
        if answer is not None and answer.consumer == NOBODY:
            self._desert(answer, line)
        if answer is None or answer.producer != self.epoch or answer.consumer == NOBODY:
            return False
        if self._consumer != NOBODY:
            self.renew()
            return False
        self._consumer, self._answer = answer.consumer, line
        self._heal()
        return True

    def _desert(self, answer: Note, line: bytes) -> None:
        """Take note that the consumer has left, and tell it that nothing more comes."""
        self.deserted, self._nobody = True, line
        if answer.producer == self.epoch:
            self.renew()

    def renew(self) -> None:
        """End the session, which loses what was not read, and offer a new one: whoever reads has to answer anew."""
        self.epoch = draw()
        self._consumer, self._answer = NOBODY, b""
        self._bytes = self._records = 0
        self._read = Note(NOBODY, NOBODY, 0, 0)
        self._hello = write_note(HELLO, Note(self.epoch, NOBODY, 0, 0), self._seed)
        self._heal()

    @property
    def backlog(self) -> int:
        """Return how many records the consumer has not told us it has read."""
        self._look_at_read()
        return self._records - self._read.records

    def _heal(self) -> None:
        """Write our lines anew, should something else have got into them."""
        span = slice(self._hello_at, self._hello_at + NOTE.size)
        if self._memory[span] != self._hello:
            self._memory[span] = self._hello
        WRITTEN_ALL.pack_into(self._memory, self._written_at, self._records, self.epoch, self._consumer)

    def _look_at_read(self) -> None:
        """Learn how far the consumer has come. What is old, torn or of another session changes nothing."""
        read = read_note(READ, self._memory[self._read_span], self._seed)
        if read is None or (read.producer, read.consumer) != (self.epoch, self._consumer):
            return
        # INVARIANT: room is only what was read: the number never goes back, and never beyond what was written.
        if self._read.bytes < read.bytes <= self._bytes:
            self._read = read

    def _write(self, record: bytes) -> None:
        start = self._start + self._bytes % self._capacity
        room = self._end - start
        if len(record) <= room:
            self._memory[start : start + len(record)] = record
            return
        self._memory[start : self._end] = record[:room]
        self._memory[self._start : self._start + len(record) - room] = record[room:]
