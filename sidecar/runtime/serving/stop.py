"""SIGTERM, or another signal, for a process without an event loop."""

import signal


class Stop:
    """Whether it came."""

    def __init__(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.called = False
        signal.signal(number, self._call)

    def _call(self, _number: int, _frame: object) -> None:
        self.called = True
