"""gRPC's health service (grpc.health.v1): Check and Watch. The messages' classes import no grpc."""

from collections.abc import Callable, Iterable
from typing import Final

from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.methods import Caller, Method, Streaming, Unary

_SERVING = HealthCheckResponse(status=HealthCheckResponse.SERVING).SerializeToString()
_NOT_SERVING = HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING).SerializeToString()
_UNKNOWN = HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN).SerializeToString()

#: Callers that watch at once. One is usual, if any; each is kept for as long as it likes, and told of every change.
MOST_WATCHING: Final = 64


class Health:
    """The health of the server as a whole, named by the empty name, and of ``services``. All are well, or none is."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(("", *services))
        self._now: bytes = _NOT_SERVING
        #: Who watches, and whether it is a service that there is.
        self._watching: dict[Caller, bool] = {}

    def methods(self) -> dict[bytes, Method]:
        """Return the service's methods."""
        return {
            b"/grpc.health.v1.Health/Check": Unary(self._check),
            b"/grpc.health.v1.Health/Watch": Streaming(self._watch),
        }

    def set_serving(self, *, serving: bool) -> None:
        """Say whether checks are taken, to those who watch as well."""
        self._now = _SERVING if serving else _NOT_SERVING
        for caller in [caller for caller, known in self._watching.items() if known]:
            caller.send(self._now)

    def end_watching(self) -> None:
        """End the calls of those who watch: they never end by themselves, and would hold up a drain."""
        for caller in list(self._watching):
            caller.end(Status.UNAVAILABLE, "the server is leaving")

    def _check(self, message: bytes, _seconds: float | None) -> bytes:
        service = _service(message)
        if service not in self._services:
            raise CallError(Status.NOT_FOUND, f"unknown service {service}")
        return self._now

    def _watch(self, message: bytes, caller: Caller) -> Callable[[], None]:
        known = _service(message) in self._services
        if len(self._watching) >= MOST_WATCHING:
            raise CallError(Status.RESOURCE_EXHAUSTED, f"{MOST_WATCHING} are watching")
        self._watching[caller] = known
        # Not to know a service is no error here, says health.proto: it may come to be. Ours never does.
        caller.send(self._now if known else _UNKNOWN)

        def stop() -> None:
            self._watching.pop(caller, None)

        return stop


def _service(message: bytes) -> str:
    try:
        return str(HealthCheckRequest.FromString(message).service)
    except DecodeError:
        raise CallError(Status.INVALID_ARGUMENT, "no HealthCheckRequest") from None
