"""When a key set is fetched again. Pure: times and chance are arguments.

Ahead of the end of its freshness, so that nobody waits for it; not by all sidecars at once, so that an issuer that was
away is not met by all of them in the same second.
"""

from dataclasses import dataclass

#: Seconds after a first failure, doubled with each further one in a row, up to the second number.
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
#: The part of the freshness after which a key set is fetched again: chance chooses between these.
_EARLIEST, _LATEST = 0.75, 0.95


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, in seconds; and how long keys stay that could not be confirmed."""

    min_refresh: float
    max_refresh: float
    max_stale: float
    refetch_interval: float  #: between two fetches of which a token with an unknown key is the cause


def after_success(fresh: float | None, pace: Pace, chance: float) -> float:
    """Return in how many seconds to fetch again. ``fresh``: what the answer said. ``chance``: from 0 to 1."""
    seconds = pace.max_refresh if fresh is None else min(max(fresh, pace.min_refresh), pace.max_refresh)
    return seconds * (_EARLIEST + (_LATEST - _EARLIEST) * chance)


def after_failure(failures: int, pace: Pace, chance: float) -> float:
    """Return in how many seconds to try again after so many failures in a row, 1 or more. Half of it is chance."""
    seconds = min(FIRST_RETRY * 2.0 ** min(failures - 1, 16), LONGEST_RETRY, pace.max_refresh)
    return seconds * (0.5 + 0.5 * chance)
