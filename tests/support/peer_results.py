"""Made-up results."""

from collections.abc import Iterable

from peers.plan import ALONE, REFERENCE
from peers.results import Measure, Results, Shown


def measure(contender: str, cell: str = REFERENCE.name, number: int = 0, **figures: float) -> Measure:
    """Return a measure in which everything is 10 unless ``figures`` says otherwise."""
    values: dict[str, float] = dict.fromkeys(
        ("seconds", "p50", "p99", "p999", "envoy_cpu", "sidecar_cpu", "envoy_memory", "sidecar_memory"), 10.0
    )
    return Measure(contender=contender, cell=cell, round=number, requests=1000, **{**values, **figures})


def results(measures: Iterable[Measure], variants: tuple[str, ...] = ()) -> Results:
    """Return results with a contender for each name; ``native-uds`` is the reference."""
    known = list(measures)
    names = dict.fromkeys(one.contender for one in known)
    return Results(
        facts={"processor": "made up"},
        reference="native-uds",
        contenders=[Shown(name, f"title of {name}", f"settings of {name}", name in variants) for name in names],
        cells=[ALONE, REFERENCE],
        rounds=1,
        seconds=1.0,
        quick=True,
        measures=known,
    )
