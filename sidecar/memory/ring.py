"""A ring of byte records from one process to one other, without locks; either may be killed and come back.

    Producer.push(record) ──> region of a Segment (``ring_layout.py`` draws it) ──> Consumer.pop() or .drain(limit)

The region is made once, for the life of a supervisor. The processes at its ends come and go:

1. A **session** is a pair of random numbers: the producer draws one and writes it into its line (*hello*); the consumer
   draws one whenever it sees a hello that is new to it, and writes both into its own line (*answer*); an answer to its
   hello is what the producer begins a session with, at record 0. Before that ``push`` says ``False``.
2. A producer that is in a session and sees another answer (its consumer was replaced) draws anew. So neither end is
   ever in the same session twice, and each session has a number that either end drew itself: whatever is in memory,
   be it the work of a process that was killed or a copy of the very region put back by hand, no record of an earlier
   session is ever taken for one of this.
3. A record carries session, sequence number, length and a seeded checksum over these and its content. The consumer
   knows which it waits for. It copies, checks the copy, and only then believes it. What is not that record, or not
   whole (yet), is "nothing there".
4. The producer overwrites only what the consumer has told (*read*) that it has read, as far as it has heard of it: too
   little, never too much.

INVARIANT: that no record is wrong, mixed up, repeated or out of order rests on the comparison and checksum of a copy
alone (but for one chance in 2^64), on no order of stores and on no store's being atomic: on arm64 another process may
see them in any order.

5. A consumer that **leaves** (its process is to end, and nobody takes its place for now) answers with nobody. What was
   pushed before it still reads. A producer that sees this pushes no more, and draws anew: that tells the consumer that
   nothing comes after what is there (*released*). Whoever is the consumer next begins a session as ever.

What a kill costs: the records that were in the ring are lost with either end. What was half written is of a session
that is over, and blocks nothing. Each end writes its own lines again where it finds them changed, and a consumer that
finds a record that was written not whole ``PATIENCE`` times in a row (something overwrote it) asks for a new session.

There is one producer and one consumer; two of a kind at once lose records, and get no wrong ones. Neither waits: how
the other is woken up is the caller's business. After making either end, and when ``Producer.epoch`` has changed, the
other end should be.
"""

from sidecar.memory.ring_consumer import Consumer
from sidecar.memory.ring_layout import Region
from sidecar.memory.ring_producer import Producer

__all__ = ["Consumer", "Producer", "Region"]
