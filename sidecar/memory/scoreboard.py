"""The scoreboard: what supervisor and children say of themselves, for whoever looks (as in Apache and uWSGI).

Lines of 64 bytes, each with one writer only (``line.py`` says why that needs no lock), from ``offset`` on::

    line 0          written by the supervisor   Overall      the supervisor itself
    line 1 + 2 i    written by the supervisor   Supervised   how it sees child i
    line 2 + 2 i    written by child i          Report       what child i says of itself
    line 1 + 2 n + i  written by child i        Vitals       what child i of n measures of itself (``vitals.py``)

The others' fields, in the machine's byte order, after the checksum::

                 8           16           24            28            32         36         40    41           64
    Overall      │ heartbeat │ generation │ pid         │ wanted      │ grown    │ shrunk   │flags│ zeros      │
                 │ f64       │ u64        │ u32         │ u32         │ u32      │ u32      │ u8  │            │
    Supervised   │ started   │ next start │ pid         │ incarnation │ restarts │ last exit│flags│ zeros      │
                 │ f64       │ f64        │ u32         │ u32         │ u32      │ i32      │ u8  │            │
    Report       │ heartbeat │incarn.│open│ state, zeros              │ trust digest                           │
                 │ f64       │ u32   │u32 │ u8                        │ 32 bytes                               │

What is ``None`` is unknown: never written, or its writer was killed while it wrote; for a child's line that ends with
the first word of its next incarnation. Unknown is never the same as well.

There is no clock in here: times are arguments, seconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from sidecar.memory.layout import LINE
from sidecar.memory.line import Lines
from sidecar.memory.segment import Segment
from sidecar.memory.vitals import Vitals, decode

DIGEST_BYTES = 32
#: Raise it with every change of the layout.
_VERSION = 3
_OVERALL = Struct("=dQIIIIB23x")
_SUPERVISED = Struct("=ddIIIiB23x")
_REPORT = Struct("=dIIB7x32s")
_DRAINING = 1
_RUNNING, _CRASH_LOOP, _EXITED, _PLANNED, _STARTED, _RESTING = 1, 2, 4, 8, 16, 32
_NO_DIGEST = bytes(DIGEST_BYTES)


class State(IntEnum):
    """How far a child is. It says so itself: of one that was killed the last word stands."""

    STARTING = 1  #: not yet able to do its work
    READY = 2
    DRAINING = 3  #: ends what is under way, takes nothing new
    STOPPED = 4  #: about to exit, as it was told to
    FAILED = 5  #: about to exit since it could not do its work


@dataclass(frozen=True, slots=True)
class Overall:
    """The supervisor itself."""

    pid: int
    heartbeat_at: float  #: CLOCK_MONOTONIC, seconds
    generation: int  #: of the configuration in force, from 1 on
    draining: bool = False  #: whether all of it is on its way out
    wanted: int = 0  #: verifiers for everything that there are to be, where that changes by itself
    grown: int = 0  #: times that it became more
    shrunk: int = 0  #: times that it became less


@dataclass(frozen=True, slots=True)
class Supervised:
    """A child, as the supervisor sees it. Times are CLOCK_MONOTONIC, in seconds."""

    pid: int | None  #: ``None`` while it does not run
    incarnation: int  #: 0 before its first start, then one more with each
    restarts: int  #: since the supervisor started
    crash_loop: bool
    started_at: float | None = None  #: of the present or last incarnation; ``None`` before the first
    next_start_at: float | None = None  #: when it will be started again; ``None`` where that is not planned
    last_exit: int | None = (
        None  #: as ``subprocess.Popen.returncode``: negative for a signal; ``None`` before the first
    )
    resting: bool = False  #: whether it does not run since it is not wanted for now


@dataclass(frozen=True, slots=True)
class Report:
    """A child, as it sees itself."""

    incarnation: int  #: that which speaks
    state: State
    heartbeat_at: float  #: CLOCK_MONOTONIC, seconds
    connections: int = 0  #: that are open
    trust_digest: bytes | None = None  #: 32 bytes: the Trust it serves under; ``None`` where it serves under none


@dataclass(frozen=True, slots=True)
class Child:
    """Both views of one child, each ``None`` where unknown."""

    supervised: Supervised | None
    report: Report | None  #: ``None`` also where another incarnation said it than that which the supervisor names


def size(children: int) -> int:
    """Return how many bytes the scoreboard of so many children takes: a multiple of 64."""
    return LINE * (1 + 3 * children)


class Scoreboard:
    """The scoreboard of ``children`` in ``segment``, from ``offset`` on; all who open it agree on the three.

    Zeros are a scoreboard on which everything is unknown. Raises ``ValueError`` for an ``offset`` that is no multiple
    of 64, and where the segment is too small. Every method that takes an index raises ``IndexError`` for one too large.
    """

    def __init__(self, segment: Segment, children: int, offset: int = 0) -> None:
        if offset < 0 or offset % LINE or children < 0 or offset + size(children) > segment.size:
            raise ValueError(
                f"a scoreboard of {children} children takes {size(children)} bytes from a multiple of {LINE} on: "
                f"{offset} of a segment of {segment.size} bytes does not do"
            )
        self._lines = Lines(segment.memory, offset, _VERSION)
        self.children = children

    def write_overall(self, overall: Overall) -> None:
        """Say how the supervisor is. By the supervisor only."""
        flags = _DRAINING if overall.draining else 0
        counts = overall.pid, overall.wanted, overall.grown, overall.shrunk
        self._lines.write(0, _OVERALL.pack(overall.heartbeat_at, overall.generation, *counts, flags))

    def overall(self) -> Overall | None:
        """Return what the supervisor said of itself."""
        body = self._lines.read(0)
        if body is None:
            return None
        heartbeat_at, generation, pid, wanted, grown, shrunk, flags = _OVERALL.unpack(body)
        return Overall(pid, heartbeat_at, generation, bool(flags & _DRAINING), wanted, grown, shrunk)

    def write_supervised(self, index: int, child: Supervised) -> None:
        """Say how child ``index`` is. By the supervisor only, and for every child before its first start."""
        flags = (
            _RUNNING * (child.pid is not None)
            | _CRASH_LOOP * child.crash_loop
            | _EXITED * (child.last_exit is not None)
            | _PLANNED * (child.next_start_at is not None)
            | _STARTED * (child.started_at is not None)
            | _RESTING * child.resting
        )
        times = child.started_at or 0.0, child.next_start_at or 0.0
        counts = child.pid or 0, child.incarnation, child.restarts, child.last_exit or 0
        self._lines.write(self._line(index), _SUPERVISED.pack(*times, *counts, flags))

    def supervised(self, index: int) -> Supervised | None:
        """Return what the supervisor said of child ``index``."""
        body = self._lines.read(self._line(index))
        if body is None:
            return None
        started_at, next_start_at, pid, incarnation, restarts, last_exit, flags = _SUPERVISED.unpack(body)
        return Supervised(
            pid=pid if flags & _RUNNING else None,
            incarnation=incarnation,
            restarts=restarts,
            crash_loop=bool(flags & _CRASH_LOOP),
            started_at=started_at if flags & _STARTED else None,
            next_start_at=next_start_at if flags & _PLANNED else None,
            last_exit=last_exit if flags & _EXITED else None,
            resting=bool(flags & _RESTING),
        )

    def write_report(self, index: int, report: Report) -> None:
        """Say how child ``index`` is. By this child only; ``ValueError`` for a digest of another length than 32."""
        digest = _NO_DIGEST if report.trust_digest is None else report.trust_digest
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"a trust digest of {len(digest)} bytes: it has {DIGEST_BYTES}")
        fields = report.heartbeat_at, report.incarnation, report.connections, report.state, digest
        self._lines.write(self._line(index) + 1, _REPORT.pack(*fields))

    def report(self, index: int) -> Report | None:
        """Return what child ``index`` said last, whichever incarnation that was."""
        body = self._lines.read(self._line(index) + 1)
        if body is None:
            return None
        heartbeat_at, incarnation, connections, state, digest = _REPORT.unpack(body)
        return Report(incarnation, State(state), heartbeat_at, connections, None if digest == _NO_DIGEST else digest)

    def child(self, index: int) -> Child:
        """Return both views of child ``index``; what a dead incarnation said is not taken for the living one's word."""
        supervised, report = self.supervised(index), self.report(index)
        if supervised is None or (report is not None and report.incarnation != supervised.incarnation):
            return Child(supervised, None)
        return Child(supervised, report)

    def write_vitals(self, index: int, vitals: Vitals) -> None:
        """Say what child ``index`` has measured of itself. By this child only."""
        self._lines.write(self._vitals_line(index), vitals.encode())

    def vitals(self, index: int) -> Vitals | None:
        """Return what child ``index`` measured of itself last; ``None`` as for its report in ``child``."""
        supervised, body = self.supervised(index), self._lines.read(self._vitals_line(index))
        found = None if body is None else decode(body)
        if supervised is None or found is None or found.incarnation != supervised.incarnation:
            return None
        return found

    def _vitals_line(self, index: int) -> int:
        return self._line(index) + 2 * self.children - index

    def _line(self, index: int) -> int:
        if not 0 <= index < self.children:
            raise IndexError(f"child {index}: there are {self.children}")
        return 1 + 2 * index
