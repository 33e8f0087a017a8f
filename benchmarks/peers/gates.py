"""What was aimed at, as ratios within one run wherever that is possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from peers.plan import ALONE, REFERENCE
from peers.results import Measure, Results, least, ratio

#: Of several settings of a peer the one that is best for the figure counts.
_GO = ("go", "go-1")


@dataclass(frozen=True, slots=True)
class Gate:
    """One aim: ``value`` is to be at most ``limit``; without a limit it is only told."""

    what: str
    value: float | None
    limit: float | None = None
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Return ``met``, ``not met``, ``not measured`` or, without a limit, nothing."""
        if self.value is None:
            return "not measured"
        if self.limit is None:
            return ""
        return "met" if self.value <= self.limit else "not met"

    @property
    def shown(self) -> str:
        """Return the value with its unit."""
        return "–" if self.value is None else f"{self.value:.3g}{self.unit}"  # noqa: RUF001 - a dash for no value


def gates(results: Results) -> Iterator[Gate]:
    """Yield all aims with what was measured."""
    yield from _cost(results)
    yield from _latency(results)
    yield from _variants(results)
    yield from _cel(results)
    yield from _rules(results)


def _cost(results: Results) -> Iterator[Gate]:
    ours = results.figure(results.reference, REFERENCE.name, _sidecar)
    both = results.figure(results.reference, REFERENCE.name, _cpu)
    yield Gate("sidecar CPU a check", ours, 12, " µs")
    yield Gate("sidecar CPU / Go server's", ratio(ours, _best(results, _GO, REFERENCE.name, _sidecar)), 0.40)
    yield Gate("sidecar CPU / OPA's", ratio(ours, results.figure("opa", REFERENCE.name, _sidecar)), 0.06)
    uncached = results.figure("jwt_authn", REFERENCE.name, _cpu)
    yield Gate("Envoy + sidecar CPU / Envoy with jwt_authn, no cache", ratio(both, uncached), 0.70)


def _latency(results: Results) -> Iterator[Gate]:
    for name, limit, what in (("p50", 1.0, _p50), ("p99", 0.6, _p99)):
        ours = results.figure(results.reference, ALONE.name, what)
        go = _best(results, _GO, ALONE.name, what)
        yield Gate(f"1 connection: {name} / Go's", ratio(ours, go), limit)


def _variants(results: Results) -> Iterator[Gate]:
    for kind, title in (("raw", "encode_raw_headers"), ("traced", "Envoy's tracing")):
        ours = results.figure(f"ours-{kind}", REFERENCE.name, _sidecar)
        go = results.figure(f"go-{kind}", REFERENCE.name, _sidecar)
        yield Gate(f"with {title}: sidecar CPU a check", ours, unit=" µs")
        yield Gate(f"with {title}: sidecar CPU / Go server's", ratio(ours, go))


def _cel(results: Results) -> Iterator[Gate]:
    for kind, title in (("cel", "four terms in CEL"), ("cel-live", "four terms in CEL, three asked in each check")):
        ours = results.figure(f"ours-{kind}", REFERENCE.name, _sidecar)
        yield Gate(f"with {title}: sidecar CPU a check", ours, 16, " µs")
        go = ratio(ours, _best(results, _GO, REFERENCE.name, _sidecar))
        yield Gate(f"with {title}: sidecar CPU / Go server's", go, 0.55)


def _rules(results: Results) -> Iterator[Gate]:
    one = results.figure("rules-1", REFERENCE.name, _sidecar)
    for number, limit in ((10, 1.1), (100, 1.1), (1000, 2.0)):
        many = results.figure(f"rules-{number}", REFERENCE.name, _sidecar)
        yield Gate(f"sidecar CPU with {number} rules / with 1", ratio(many, one), limit)


def _best(results: Results, names: tuple[str, ...], cell: str, what: Callable[[Measure], float]) -> float | None:
    return least(results.figure(name, cell, what) for name in names)


def _sidecar(measure: Measure) -> float:
    return measure.sidecar_cpu


def _cpu(measure: Measure) -> float:
    return measure.cpu


def _p50(measure: Measure) -> float:
    return measure.p50


def _p99(measure: Measure) -> float:
    return measure.p99
