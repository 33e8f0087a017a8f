"""Running the programs that torture tests kill parts of."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar


class _Killable(Protocol):
    def kill(self) -> None:
        """End what the program has forked."""


_Made = TypeVar("_Made", bound=_Killable)


@contextmanager
def run_program(
    make: Callable[["subprocess.Popen[str]"], _Made], program: Path, fd: int, argument: object
) -> Iterator[_Made]:
    """Run ``program`` on the segment ``fd``; whatever it had to complain of is an error at the end."""
    path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(program), str(fd), str(argument)],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        pass_fds=[fd],
        env=environment | {"PYTHONPATH": path},
    ) as started:
        made = make(started)
        try:
            yield made
        finally:
            made.kill()
            _, complaints = started.communicate(timeout=60)
        assert complaints == ""
