"""What the garbage collector no longer looks at."""

import subprocess
import sys

_PROGRAM = """
import gc
from sidecar.runtime.serving import server, garbage
before = len(gc.get_objects())
garbage.settle()
assert gc.get_freeze_count() > before / 2, (before, gc.get_freeze_count())
assert len(gc.get_objects()) < before / 10
circle = []
circle.append(circle)
del circle
assert gc.collect() == 1
"""


def test_what_was_there_at_the_start() -> None:
    """What there is before the first check is never walked through again; what comes later is."""
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True, timeout=60)  # noqa: S603 - the program above
