"""Fill some shards of a denylist.

fill_denylist.py FD ENTRIES FIRST_SHARD END
"""

import sys

from memory.denylists import LATER, NOW, digest, rows, until
from sidecar.memory import segment
from sidecar.memory.denylist_fill import fill


def main() -> None:
    """Say when it begins."""
    fd, entries, first, end = map(int, sys.argv[1:])
    with segment.attach(fd) as shared:
        digests, expiries = rows([digest(number) for number in range(entries)]), until(*[LATER] * entries)
        print("go", flush=True)  # noqa: T201 - whoever started it waits for that
        fill(shared, digests, expiries, NOW, range(first, end))


if __name__ == "__main__":
    main()
