"""gRPC's health service, byte by byte."""

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import rst_stream
from sidecar.transport.native.health import Health
from transport.native.wire import USUAL, Reply, Wire, data, framed, greeting, headers, replies, settings

SERVICE = "envoy.service.auth.v3.Authorization"
SERVING, NOT_SERVING, UNKNOWN = (
    HealthCheckResponse.SERVING,
    HealthCheckResponse.NOT_SERVING,
    HealthCheckResponse.SERVICE_UNKNOWN,
)


class Asked:
    """A server's end with a health service."""

    def __init__(self, *, greet: bool = True) -> None:
        self.health = Health([SERVICE])
        self.wire = Wire(methods=self.health.methods(), greet=greet)

    def call(self, stream_id: int, method: str, message: bytes) -> bytes:
        """Return the bytes of a call."""
        path = {":path": f"/grpc.health.v1.Health/{method}"}
        return headers(stream_id, USUAL | path) + data(stream_id, framed(message))

    def ask(self, stream_id: int, method: str, service: str) -> Reply:
        """Call a method and return what it was answered so far."""
        message = HealthCheckRequest(service=service).SerializeToString()
        return replies(self.wire.send(self.call(stream_id, method, message)))[stream_id]


def statuses(body: bytes) -> list[int]:
    """Return the statuses in an answer's messages, one after the other."""
    found = []
    while body:
        end = 5 + int.from_bytes(body[1:5], "big")
        found.append(int(HealthCheckResponse.FromString(body[5:end]).status))
        body = body[end:]
    return found


def test_check_says_what_is_so() -> None:
    """Of the server as a whole and of its service; another service is not found."""
    asked = Asked()
    assert statuses(asked.ask(1, "Check", "").body) == [NOT_SERVING]
    asked.health.set_serving(serving=True)
    assert statuses(asked.ask(3, "Check", "").body) == [SERVING]
    assert statuses(asked.ask(5, "Check", SERVICE).body) == [SERVING]
    assert asked.ask(7, "Check", "another").status == "5"


def test_check_of_garbage_is_an_invalid_argument() -> None:
    """What is no message is the caller's fault."""
    asked = Asked()
    for stream, method in ((1, "Check"), (3, "Watch")):
        assert replies(asked.wire.send(asked.call(stream, method, b"\xff")))[stream].status == "3"


def test_watch_is_told_of_changes() -> None:
    """At once what is so, and then each change, until the watching is over."""
    asked = Asked()
    first = asked.ask(1, "Watch", SERVICE)
    assert (statuses(first.body), first.ended) == ([NOT_SERVING], False)
    asked.health.set_serving(serving=True)
    asked.health.set_serving(serving=False)
    assert asked.wire.outside.flushes == 3
    assert statuses(replies(asked.wire.take())[1].body) == [SERVING, NOT_SERVING]
    asked.health.end_watching()
    last = replies(asked.wire.take())[1]
    assert (last.status, last.ended) == ("14", True)
    assert not asked.wire.connection.streams.alive


def test_watch_of_another_service_says_that_it_is_unknown() -> None:
    """It is no error, and lasts as long as any."""
    asked = Asked()
    first = asked.ask(1, "Watch", "another")
    assert (statuses(first.body), first.ended) == ([UNKNOWN], False)
    asked.health.set_serving(serving=True)
    assert asked.wire.take() == []
    asked.health.end_watching()
    assert replies(asked.wire.take())[1].status == "14"


def test_who_has_gone_is_not_told() -> None:
    """A stream that was reset, and a connection that has ended, are forgotten."""
    asked = Asked()
    asked.ask(1, "Watch", "")
    asked.ask(3, "Watch", "")
    asked.wire.send(rst_stream(1, ErrorCode.CANCEL))
    assert len(asked.health._watching) == 1
    asked.wire.calls.end()
    assert len(asked.health._watching) == 0


def test_watch_waits_for_the_window() -> None:
    """Messages are kept, and the end comes after them."""
    asked = Asked(greet=False)
    asked.wire.send(greeting({4: 0}))
    assert asked.ask(1, "Watch", "").body == b""
    asked.health.set_serving(serving=True)
    asked.health.end_watching()
    reply = replies(asked.wire.take() + asked.wire.send(settings({4: 100})))[1]
    assert statuses(reply.body) == [NOT_SERVING, SERVING]
    assert reply.status == "14"
