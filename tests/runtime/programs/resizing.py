"""``authz-sidecar`` whose pool of verifiers is as large as a file says; without the file as it decides itself, quickly.

The file is ``size`` in the folder that ``RESIZING_FOLDER`` names. CPUs are always idle here, as on a large machine,
and next to no work is much: with two CPUs and the load in a test nobody could say when it grows.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

from sidecar.cli.main import main
from sidecar.runtime.control import resizing
from sidecar.runtime.control.pool_looks import PoolLooks
from sidecar.runtime.control.resizing import Resizing
from sidecar.runtime.supervision import crew
from sidecar.sizing import decision
from sidecar.sizing.decision import Decision, Pace
from sidecar.sizing.look import Bounds, Look

_SIZE = Path(os.environ["RESIZING_FOLDER"]) / "size"
_DECIDE, _INIT = decision.decide, Resizing.__init__


def _decide(looks: Sequence[Look], bounds: Bounds, pace: Pace) -> Decision:
    try:
        return Decision(int(_SIZE.read_text(encoding="ascii")))
    except OSError:
        return _DECIDE(looks, bounds, pace)


def _init(self: Resizing, looks: PoolLooks, bounds: Bounds, wish: Callable[[int], object]) -> None:
    looks._cpus, looks._machine = (lambda: 8.0), (lambda: None)
    _INIT(self, looks, bounds, wish, Pace(0.6, 2.0), 0.2)


# In whatever process: where children are spawned each imports this file.
for what in (
    mock.patch.object(resizing, "decide", _decide),
    mock.patch.object(Resizing, "__init__", _init),
    mock.patch.object(decision, "BUSY", 0.0002),
    mock.patch.object(decision, "HALF", 0.0001),
    mock.patch.object(crew, "LEASE", 2.0),
):
    what.start()

if __name__ == "__main__":
    main()
