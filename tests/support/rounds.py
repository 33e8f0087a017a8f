"""Checks that are sent round by round to all servers, until they are to end; every answer is counted by its reason."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import grpc

from support.answers import read_answer
from support.fronts import CHECK

#: A server that was killed is back in a moment.
_AGAIN = [(f"grpc.{which}_reconnect_backoff_ms", 100) for which in ("initial", "min", "max")]


@dataclass
class Rounds:
    """``requests`` gives those of a round, which are on their way all at once. ``pause``: seconds between two rounds.

    ``reasons`` counts the answers, and ``lost`` those that never came, as where a server was killed.
    """

    addresses: Sequence[str]
    requests: Callable[[int], Iterator[bytes]]
    pause: float = 0.2
    reasons: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def __post_init__(self) -> None:
        """Prepare."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, when the last answer has come."""
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        names = [address.replace("unix:@", "unix-abstract:") for address in self.addresses]
        channels = [grpc.insecure_channel(name, _AGAIN) for name in names]
        calls: list[Any] = [channel.unary_unary(CHECK) for channel in channels]  # type: ignore[call-arg]
        for number in itertools.count():
            pairs = zip(itertools.cycle(calls), self.requests(number), strict=False)
            for future in [call.future(request, timeout=20, wait_for_ready=True) for call, request in pairs]:
                try:
                    self.reasons[read_answer(future.result()).reason] += 1
                except grpc.RpcError:
                    self.lost += 1
            if self._stop.wait(self.pause):
                break
        for channel in channels:
            channel.close()
