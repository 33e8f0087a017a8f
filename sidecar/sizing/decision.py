"""Looks in, a number of verifiers out. Pure.

    busy for all of 3 s, and a CPU idle      half as many more, at least 1, at most the idle CPUs
    half busy, and jobs wait                 1 more
    below half busy without one, for 60 s    1 less
    more than CPUs                           as many as CPUs, but never less than the least

INVARIANT: what one of the first three does, the same load never has undone by another. One is given up only where in
*every* 3 of 60 seconds those that are left would have been less than half busy, and to grow takes half busy in 3
seconds. Each looks back over seconds in which the number was the same and, to grow, all were there and none had ended:
so each waits for what the last change came to, and a verifier that ends again and again is not answered by more of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sidecar.sizing.look import Bounds, Look

#: Share of its time that a verifier works, on the average, from which on the pool is busy.
BUSY: Final = 0.8
#: From here on it grows where jobs wait; what is left after shrinking is below it.
HALF: Final = 0.5
#: Seconds that 1 job in 100 waits, from which on jobs wait: a tenth of what a verifier gets by default.
WAIT: Final = 0.005


@dataclass(frozen=True, slots=True)
class Pace:
    """Over how many seconds the pool must be busy for it to grow, and idle for it to shrink."""

    grow: float = 3.0
    shrink: float = 60.0


@dataclass(frozen=True, slots=True)
class Decision:
    """So many verifiers there are to be. ``why`` is empty where that is as many as there were to be."""

    size: int
    why: str = ""


def decide(looks: Sequence[Look], bounds: Bounds, pace: Pace) -> Decision:
    """Decide after these looks, the oldest first, one at least; those of the last ``pace.shrink`` seconds matter."""
    now = looks[-1]
    # INVARIANT: never more than CPUs that may be used, but where it was told to.
    ceiling = max(bounds.least, min(bounds.most, int(now.cpus)))
    if now.wanted > ceiling:
        return Decision(ceiling, f"{now.cpus:.3g} CPUs may be used")
    return _grow(looks, ceiling, pace) or _shrink(looks, bounds, pace) or Decision(max(now.wanted, bounds.least))


def _grow(looks: Sequence[Look], ceiling: int, pace: Pace) -> Decision | None:
    recent, now = _last(looks, pace.grow), looks[-1]
    if not recent or not _are_well(recent):
        return None
    busy, idle = _mean(one.busy for one in recent) / now.wanted, _mean(one.idle_cpus for one in recent)
    step = _step(recent, busy)
    size = min(now.wanted + min(step, int(idle)), ceiling)
    if size <= now.wanted:
        return None
    waits = [one.wait_p99 for one in recent if one.wait_p99 is not None]
    wait = f", p99 queue wait {max(waits) * 1000:.3g} ms" if waits else ""
    return Decision(size, f"{busy:.0%} busy over {pace.grow:.3g} s{wait}, {idle:.1f} CPUs idle")


def _step(recent: Sequence[Look], busy: float) -> int:
    """Return how many more it takes."""
    if busy >= BUSY:
        return max(1, recent[-1].wanted // 2)  # how many it takes is not known: more than all of a verifier none works
    waiting = all(one.wait_p99 is not None and one.wait_p99 >= WAIT for one in recent)
    return 1 if busy >= HALF and waiting else 0


def _are_well(recent: Sequence[Look]) -> bool:
    """Say whether all were there all the while."""
    are_up = all(one.up == one.wanted and not one.crash_loop for one in recent)
    return are_up and len({one.restarts for one in recent}) == 1


def _shrink(looks: Sequence[Look], bounds: Bounds, pace: Pace) -> Decision | None:
    now = looks[-1]
    quiet = _last(looks, pace.shrink) if now.wanted > bounds.least else ()
    enough = HALF * (now.wanted - 1)
    if not quiet or any(busy >= enough for busy in _busy(quiet, pace)):
        return None
    busiest = max(_busy(quiet, pace), default=now.busy) / now.wanted
    return Decision(now.wanted - 1, f"at most {busiest:.0%} busy over {pace.shrink:.3g} s")


def _busy(looks: Sequence[Look], pace: Pace) -> Iterator[float]:
    """Yield how busy it was in each stretch that would do to grow, the last one first."""
    for end in range(len(looks), 0, -1):
        stretch = _last(looks[:end], pace.grow)
        if stretch:
            yield _mean(one.busy for one in stretch)


def _last(looks: Sequence[Look], seconds: float) -> Sequence[Look]:
    """Return the looks of the last so many seconds; none where they do not cover it, or the number was another."""
    now, start = looks[-1], len(looks)
    while start > 0 and looks[start - 1].at > now.at - seconds:
        start -= 1
    found = looks[start:]
    # What the oldest of them tells began with the look before it.
    covered = start > 0 and all(one.wanted == now.wanted for one in looks[start - 1 :])
    return found if covered else ()


def _mean(figures: Iterator[float]) -> float:
    found = list(figures)
    return sum(found) / len(found)
