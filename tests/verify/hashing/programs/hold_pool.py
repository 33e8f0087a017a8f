"""Have a pool, and wait to be killed.

hold_pool.py fork|spawn|forkserver
"""

import multiprocessing
import signal
import sys

from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import joined


def main() -> None:
    """Say when the workers have worked."""
    context = multiprocessing.get_context(sys.argv[1])
    with HashPool(2, context, least_rows=0) as pool:  # type: ignore[arg-type]  # whichever of the three
        pool.hash_many(Algorithm.XXH64, *joined([b"a"] * 100))
        print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
        signal.pause()


if __name__ == "__main__":
    main()
