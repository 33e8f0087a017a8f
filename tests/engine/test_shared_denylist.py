"""What a check is told of the shared denylist where another processor's stores are seen in any order, as on arm64."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from sidecar.core.revocation import UNKNOWN
from sidecar.engine.denylist import SharedDenylist
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment
from support.tokens import NOW

_HEADER_CELLS = 8


class Reordered(Denylist):
    """A list whose header is seen as it was at one moment by one read, and as it was at another by the next."""

    def __init__(self, shared: Segment, moments: Iterator[Sequence[int]]) -> None:
        super().__init__(shared)
        self._cells.release()
        self._cells = _Moments(moments)  # type: ignore[assignment]


class _Moments:
    def __init__(self, moments: Iterator[Sequence[int]]) -> None:
        self._moments = moments

    def __getitem__(self, cell: int) -> int:
        return next(self._moments)[cell]

    def release(self) -> None:
        """Do nothing: there is no memory."""


def _header(shared: Segment) -> Sequence[int]:
    with memoryview(shared.memory)[: 8 * _HEADER_CELLS] as line, line.cast("Q") as cells:
        return cells.tolist()


def test_no_epoch_from_before_of_a_list_that_is_complete_since() -> None:
    """What is remembered from before a gap was filled does not hold because it is filled, in whatever order seen."""
    with segment.create(1 << 14) as shared, DenylistWriter(shared) as writer:
        writer.add(b"a" * 16, NOW + 60, NOW)
        writer.vouch(NOW - 1)
        moments = [_header(shared)]
        writer.add(b"b" * 16, NOW + 60, NOW)
        moments.append(_header(shared))
        writer.vouch(float("inf"))
        moments.append(_header(shared))
        told = set()
        for order in permutations(moments):
            with Reordered(shared, iter(order)) as reader:
                told.add(SharedDenylist(reader, b"k" * 32).epoch(NOW))
        assert told == {UNKNOWN, writer.epoch}
