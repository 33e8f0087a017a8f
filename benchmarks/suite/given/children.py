"""Processes that end when we do: each reads a pipe whose only write end is ours."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def child(works: Callable[[int], None]) -> Iterator[None]:
    """Run ``works`` in a forked process, given what says that it is to end; it has ended when the context closes."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(writer)
        try:
            works(reader)
        finally:
            os._exit(0)
    os.close(reader)
    try:
        yield
    finally:
        os.close(writer)
        os.waitpid(pid, 0)


def side_by_side(works: Sequence[Callable[[], object]]) -> float:
    """Run each in a process of its own, at once; return the seconds of the longest.

    Nothing is handed over: what is done by any pool of as many processes cannot be faster. Processors that share a core
    do not do twice as much.
    """
    return max(map(_told, [_begun(work) for work in works]))


def _begun(work: Callable[[], object]) -> int:
    """Begin in a process of its own; return where it tells how many seconds that took."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return reader
    try:
        began = time.perf_counter()
        work()
        os.write(writer, str(time.perf_counter() - began).encode())
    finally:
        os._exit(0)


def _told(reader: int) -> float:
    text = os.read(reader, 64)
    os.close(reader)
    os.wait()
    return float(text)
