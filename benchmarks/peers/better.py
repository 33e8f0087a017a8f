"""Where a peer is better than ours: found by looking at every figure, so that none is left out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from peers.results import Measure, Results

#: Figures of which less is better, and requests a second, of which more is; the latter in closed loops alone.
_FIGURES: dict[str, tuple[Callable[[Measure], float], int]] = {
    "CPU, Envoy + sidecar (µs)": (lambda one: one.cpu, 1),
    "CPU, sidecar (µs)": (lambda one: one.sidecar_cpu, 1),
    "requests/s": (lambda one: one.rate, -1),
    "p50 (ms)": (lambda one: one.p50, 1),
    "p99 (ms)": (lambda one: one.p99, 1),
    "p99.9 (ms)": (lambda one: one.p999, 1),
    "memory, Envoy + sidecar (MiB)": (lambda one: one.envoy_memory + one.sidecar_memory, 1),
}
_OURS = ("native-", "grpcio")
_NOT_PEERS = ("none",)


@dataclass(frozen=True, slots=True)
class Better:
    """A figure of which peers have better ones than the reference has at the same cell."""

    cell: str
    figure: str
    ours: float
    theirs: dict[str, float]


def better(results: Results) -> Iterator[Better]:
    """Yield every figure, cell by cell, in which a peer does better than the reference."""
    peers = [one for one in results.measured() if not one.name.startswith(_OURS) and one.name not in _NOT_PEERS]
    for cell in results.cells:
        for name, (what, sign) in _FIGURES.items():
            ours = results.figure(results.reference, cell.name, what)
            if ours is None or (sign < 0 and cell.rate):
                continue
            figures = {peer.title: results.figure(peer.name, cell.name, what) for peer in peers}
            theirs = {
                title: value
                for title, value in figures.items()
                if value is not None and value * sign < ours * sign and _comparable(name, value)
            }
            if theirs:
                yield Better(cell.name, name, ours, theirs)


def _comparable(figure: str, theirs: float) -> bool:
    # Filters inside Envoy have no process of their own; what they cost is in the sum.
    return not (figure == "CPU, sidecar (µs)" and not theirs)
