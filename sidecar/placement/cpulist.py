"""The kernel's list format for sets of CPUs: ``0-3,8,10-11``.

Sources: Documentation/admin-guide/kernel-parameters.rst, "cpu lists"; ``bitmap_parselist`` in lib/bitmap-str.c.

```
list  = [ item *( "," item ) ]          empty: no CPU (a node with memory alone)
item  = first [ "-" last [ ":" used "/" group ] ]
0-15:2/4 = of each 4 CPUs from 0 to 15 the first 2 = 0,1,4,5,8,9,12,13
```

``all`` and ``N``, which the kernel's command line takes, are never written to /sys and are refused.
"""

import re
from collections.abc import Iterable, Iterator

#: No kernel is built for more CPUs (``NR_CPUS`` is at most 8192 on x86): a longer range is garbage, not work to do.
MAX_CPU = 65535

_ITEM = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6})(?::([0-9]{1,6})/([0-9]{1,6}))?)?", re.ASCII)


class CpuListError(ValueError):
    """A text that is no CPU list. The message says which part of it, and why."""


def parse_cpulist(text: str) -> frozenset[int]:
    """Return the CPU numbers of ``text``; white space around it is ignored. Raises ``CpuListError``."""
    stripped = text.strip(" \t\n")
    if not stripped:
        return frozenset()
    return frozenset(number for item in stripped.split(",") for number in _parse_item(item))


def format_cpulist(cpus: Iterable[int]) -> str:
    """Return ``cpus`` as the kernel writes them: ascending, neighbours as ranges, nothing twice."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in _runs(sorted(set(cpus))))


def _parse_item(item: str) -> Iterator[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise CpuListError(f"{item[:40]!r} is neither a CPU number nor a range such as 0-3 or 0-15:2/4")
    first = int(match[1])
    last = int(match[2] or first)
    used, group = int(match[3] or 1), int(match[4] or 1)
    if last < first:
        raise CpuListError(f"{item!r} is a range that ends before it begins")
    if last > MAX_CPU:
        raise CpuListError(f"{item!r} is beyond CPU {MAX_CPU}")
    if group == 0 or used > group:
        raise CpuListError(f"{item!r} wants {used} CPUs of each {group}")
    return (number for number in range(first, last + 1) if (number - first) % group < used)


def _runs(ascending: list[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in ascending:
        if first is not None and last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last
