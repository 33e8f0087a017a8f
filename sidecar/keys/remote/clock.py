"""The clock that key sets, and all that was fetched, grow old by."""

import time


def boot_clock() -> float:
    """Return seconds since the machine was started, suspended or not: no step of the wall clock moves it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
