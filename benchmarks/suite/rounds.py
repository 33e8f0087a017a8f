"""Rounds: everything of a group is taken once in each, so that all have had the same machine, busy or not."""

from collections.abc import Sequence

from suite.measurement import Measurement, Take

#: By the name of a measurement its values, and those of its baseline, each round's at the same place.
Values = dict[str, tuple[list[float], list[float]]]


def taken(measurements: Sequence[Measurement], rounds: int, *, warm: bool = True) -> Values:
    """Take values of so many rounds, after one that counts for nothing where they are to be ``warm``.

    Every second round goes the other way round: what gets slower with time does so for all of them.
    """
    takes = _distinct(measurements)
    found: dict[Take, list[float]] = {take: [] for take in takes}
    for turn in range(-warm, rounds):
        for take in takes if turn % 2 == 0 else reversed(takes):
            value = take()
            if turn >= 0:
                found[take].append(value)
    return {one.name: (found[one.take], found[one.baseline.take] if one.baseline else []) for one in measurements}


def _distinct(measurements: Sequence[Measurement]) -> list[Take]:
    """Return what takes values, each once: baselines beside what is held against them."""
    takes = [take for one in measurements for take in (one.take, *((one.baseline.take,) if one.baseline else ()))]
    return list(dict.fromkeys(takes))
