"""Fork producers or consumers of a ring that are killed one after the other.

    ring_end.py FD produce|consume

For each line of input one is forked, and its process id printed; the next line is read when it has ended. A consumer
prints a plus for every ``PLUS`` records, and says on standard error what it reads that is wrong or that comes again.
"""

import os
import secrets
import sys
from struct import Struct

from xxhash import xxh3_64_digest

from memory.ring_ends import REGION, SEED, name_of, record_of
from sidecar.memory import segment
from sidecar.memory.ring import Consumer, Producer

#: Each ends by itself when nobody is left to kill it, which it looks for every so many rounds.
LOOK_UP, PLUS = 4096, 16
#: Behind the ring: the last record that any consumer took, with a checksum, for it may be killed here too.
LAST = Struct("=8sQ8s")


def main() -> None:
    """Fork as many as are asked for."""
    shared, work = segment.attach(int(sys.argv[1])), {"produce": produce, "consume": consume}[sys.argv[2]]
    for _ in sys.stdin:
        parent = os.getpid()
        child = os.fork()
        if not child:
            say(str(os.getpid()))
            work(shared, parent)
            os._exit(0)
        os.waitpid(child, 0)
        say("ended")


def produce(shared: segment.Segment, parent: int) -> None:
    """Push until killed."""
    producer, incarnation, number, turn = Producer(shared.memory, REGION, SEED), secrets.token_bytes(8), 1, 0
    while (turn := turn + 1) % LOOK_UP or os.getppid() == parent:
        if producer.push(record_of(incarnation, number)):
            number += 1
        else:
            os.sched_yield()


def consume(shared: segment.Segment, parent: int) -> None:
    """Take and check until killed."""
    consumer, taken, turn = Consumer(shared.memory, REGION, SEED), 0, 0
    while (turn := turn + 1) % LOOK_UP or os.getppid() == parent:
        records = consumer.drain(1 + turn % 3)
        for record in records:
            check(shared, record)
            taken += 1
            if taken % PLUS == 0:
                say("+")
        if not records:
            os.sched_yield()


def check(shared: segment.Segment, record: bytes) -> None:
    """Complain of a record that nobody pushed, or that does not come after the one before it."""
    name = name_of(record)
    if name is None:
        sys.stderr.write(f"wrong record {record.hex()}\n")
        return
    incarnation, number = name
    who, last, checksum = LAST.unpack_from(shared.memory, REGION.end)
    if who == incarnation and checksum == xxh3_64_digest(LAST.pack(who, last, b"")) and number <= last:
        sys.stderr.write(f"record {number} after {last}\n")
    checksum = xxh3_64_digest(LAST.pack(incarnation, number, b""))
    shared.memory[REGION.end : REGION.end + LAST.size] = LAST.pack(incarnation, number, checksum)


def say(line: str) -> None:
    """Print a line at once, past all buffers that a fork would double."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main()
