"""What can be called: handlers by path, ``/package.Service/Method``. They take and return messages as bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sidecar.transport.native.grpc_status import Status
from sidecar.transport.tracing import Answer, CallTracer


@dataclass(frozen=True, slots=True)
class Unary:
    """A method with one answer, which raises ``CallError`` for a status other than OK.

    ``too_large`` gives the answer to a message of too many bytes; without it: a gRPC error. ``tracer`` says which
    calls are answered otherwise, for the trace that they belong to.
    """

    answer: Answer
    too_large: Callable[[], bytes] | None = None
    tracer: CallTracer | None = None


class Caller(Protocol):
    """Who called a streaming method."""

    def send(self, message: bytes) -> None:
        """Send a message."""

    def end(self, status: Status, text: str) -> None:
        """End the call."""


#: Begin to send to a caller what its message asks for; return how to stop, which is called once the caller is gone.
Subscribe = Callable[[bytes, Caller], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Streaming:
    """A method with any number of answers."""

    subscribe: Subscribe


Method = Unary | Streaming
Methods = Mapping[bytes, Method]
