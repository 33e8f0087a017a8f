"""Standard input, output and error, which whoever starts us may have closed."""

import os

STANDARD_OUTPUT = 1


def open_standard_streams() -> frozenset[int]:
    """Put ``/dev/null`` in the place of those that are closed; return which those were.

    Else what is opened next would get their numbers (open(2): the lowest that is free), and what is written to standard
    output would go into a socket of Envoy's, or into shared memory.
    """
    closed = set()
    for number in (0, STANDARD_OUTPUT, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - that is its name
            closed.add(number)
    return frozenset(closed)
