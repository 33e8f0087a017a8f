"""How many instructions a cached check takes, and whether they are more than they were: a gate that no noise disturbs.

    python benchmarks/instructions.py [--record | --unknown-is-fine]

Counts by valgrind (Debian: valgrind), for the core alone and for all that a server does but the socket. A run with few
checks is taken from one with many, so that starting does not count. ``instructions.json`` has what was counted, by the
interpreter and what the processor can do: another build of Python takes other instructions, and the C library chooses
its own by the processor. ``--record`` writes it. More than 5 % above that: exit code 1. Of an interpreter nothing is
recorded: exit code 3, unless ``--unknown-is-fine``.
"""

import json
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from counted_checks import DIFFERENT

WAYS = ("core", "native")
FEW, MANY = 1, 21
ABOVE = 1.05
_RECORD = Path(__file__).with_suffix(".json")
_COUNTED = re.compile(r"Collected : (\d+)")


def counted(way: str, rounds: int) -> int:
    """Return the instructions of a whole process with so many rounds."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(  # noqa: S603 - ourselves
        [*command, str(Path(__file__).with_name("counted_checks.py")), way, str(rounds)],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = _COUNTED.search(done.stderr)
    assert found, done.stderr  # noqa: S101 - valgrind says it
    return int(found[1])


def a_check(way: str) -> int:
    """Return the instructions of one check."""
    return (counted(way, MANY) - counted(way, FEW)) // ((MANY - FEW) * DIFFERENT)


def _abilities() -> str:
    """Return what of the processor glibc goes by when it chooses how to copy and search (``/proc/cpuinfo``)."""
    flags = set(
        re.findall(
            r"[\w.]+", Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\nflags")[2].partition("\n")[0]
        )
    )
    return "".join(f", {one}" for one in ("avx2", "bmi2", "erms", "fsrm", "rtm") if one in flags)


def main() -> int:
    """Count and compare; return the exit code."""
    interpreter = f"{platform.python_version()}, {platform.python_compiler()}, {platform.machine()}{_abilities()}"
    recorded = json.loads(_RECORD.read_text(encoding="utf-8"))
    # Once beforehand, so that what is compiled is there for both.
    subprocess.run([sys.executable, str(Path(__file__).with_name("counted_checks.py")), "core", "1"], check=True)  # noqa: S603
    with ThreadPoolExecutor() as threads:
        found = dict(zip(WAYS, threads.map(a_check, WAYS), strict=True))
    before = recorded.get(interpreter)
    print(f"instructions of a cached check ({interpreter})")
    for way in WAYS:
        ratio = f"{found[way] / before[way]:8.3f} of {before[way]:,}" if before else ""
        print(f"{way:10}{found[way]:>10,}{ratio}")
    if "--record" in sys.argv:
        _RECORD.write_text(
            json.dumps(recorded | {interpreter: found}, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
        return 0
    if before is None:
        print(f"nothing is recorded of this interpreter: python {sys.argv[0]} --record")
        return 0 if "--unknown-is-fine" in sys.argv else 3
    worse = [way for way in WAYS if found[way] > ABOVE * before[way]]
    if worse:
        print(f"more than {ABOVE:.0%} of what they were: {', '.join(worse)}; if that is meant: --record, and say why")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
