"""What a run found, as one JSON document, and the medians that page and aims are made of."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from peers.plan import Cell, Tokens


@dataclass(frozen=True, slots=True)
class Measure:
    """One contender at one cell in one round.

    Latencies in milliseconds, processor times in microseconds a request, memory (PSS, after the cell) in MiB.
    ``sidecar_*`` is 0 where no other process is asked.
    """

    contender: str
    cell: str
    round: int
    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float
    envoy_cpu: float
    sidecar_cpu: float
    envoy_memory: float
    sidecar_memory: float

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """Return the processor time of Envoy and sidecar together, in microseconds a request."""
        return self.envoy_cpu + self.sidecar_cpu


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that came to no figures in one round: answers that were none or wrong under that load."""

    contender: str
    cell: str
    round: int
    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A contender as the page shows it."""

    name: str
    title: str
    settings: str
    variant: bool


@dataclass(slots=True)
class Results:
    """All of a run. ``unavailable`` says why contenders have no figures."""

    facts: dict[str, str]
    reference: str  #: the one of ours that aims and comparisons are about
    contenders: list[Shown]
    cells: list[Cell]
    rounds: int
    seconds: float
    quick: bool
    unavailable: dict[str, str] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, found: Measure | Failure) -> None:
        """Take in what came of one cell."""
        if isinstance(found, Failure):
            self.failures.append(found)
        else:
            self.measures.append(found)

    def figure(self, contender: str, cell: str, what: Callable[[Measure], float]) -> float | None:
        """Return the median over the rounds, ``None`` where nothing was measured."""
        values = [what(one) for one in self.measures if (one.contender, one.cell) == (contender, cell)]
        return median(values) if values else None

    def measured(self, *, variants: bool = False) -> list[Shown]:
        """Return the contenders that have figures, or the variants."""
        known = {one.contender for one in self.measures}
        return [one for one in self.contenders if one.variant == variants and one.name in known]

    def write(self, file: Path) -> None:
        """Write everything as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Results:
    """Read what ``write`` wrote."""
    document = json.loads(file.read_text(encoding="utf-8"))
    document["contenders"] = [Shown(**one) for one in document["contenders"]]
    document["cells"] = [Cell(**{**one, "tokens": Tokens(one["tokens"])}) for one in document["cells"]]
    document["failures"] = [Failure(**one) for one in document["failures"]]
    document["measures"] = [Measure(**one) for one in document["measures"]]
    return Results(**document)


def ratio(value: float | None, base: float | None) -> float | None:
    """Return ``value / base``, ``None`` where one is missing or there is nothing to divide by."""
    return None if value is None or not base else value / base


def least(values: Iterable[float | None]) -> float | None:
    """Return the least value that is there, ``None`` where none is."""
    return min((value for value in values if value is not None), default=None)
