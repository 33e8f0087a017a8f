"""``authz-sidecar``, which is ``python -m sidecar`` as well: where the process begins."""

import os
import signal
import sys


def end_when_told() -> None:
    """Have SIGTERM end this process, with 0, until it serves and has a better way.

    Where it is PID 1 the kernel drops a signal that it has no handler for (pid_namespaces(7)), and whoever sent it
    waits in vain. So this comes before anything is imported that takes time. One that comes even before, while Python
    itself starts, is dropped still.
    """
    # Not sys.exit: it would be lost where the signal comes during some object's end. Nothing is started yet.
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:  # any other command ends of SIGTERM, as programs do
        end_when_told()
    from sidecar.cli.main import main as run  # noqa: PLC0415 - see above

    run()


if __name__ == "__main__":
    main()
