"""``authz-sidecar`` whose supervisor fails once a file is there, and that ends nobody if it is told so.

Arguments: the file, ``ends`` or ``ends-nobody``, and then the command line's.
"""

import sys
from pathlib import Path
from unittest import mock

from sidecar.cli.main import main
from sidecar.runtime.supervision.children import Children


def _main(trigger: Path, how: str, arguments: list[str]) -> None:
    reap = Children.reap

    def fail(self: Children, now: float) -> bool:
        if trigger.exists():
            raise ZeroDivisionError("as the test wants it")
        return reap(self, now)

    sys.argv = ["authz-sidecar", *arguments]
    with mock.patch.object(Children, "reap", fail):
        if how == "ends-nobody":
            mock.patch.object(Children, "end").start()
        main()


if __name__ == "__main__":  # and not where a child imports it
    _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
