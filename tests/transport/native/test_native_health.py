"""gRPC's health service, byte by byte."""

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from sidecar.transport.native import frames
from sidecar.transport.native.errors import ErrorCode
from sidecar.transport.native.frames import rst_stream
from sidecar.transport.native.health import MOST_WATCHING, Health
from sidecar.transport.native.limits import Limits
from transport.native.wire import USUAL, Reply, Wire, data, framed, greeting, headers, replies, settings

SERVICE = "envoy.service.auth.v3.Authorization"
SERVING, NOT_SERVING, UNKNOWN = (
    HealthCheckResponse.SERVING,
    HealthCheckResponse.NOT_SERVING,
    HealthCheckResponse.SERVICE_UNKNOWN,
)


class Asked:
    """A server's end with a health service, which may be that of others as well."""

    def __init__(self, health: Health | None = None, *, greet: bool = True, limits: Limits | None = None) -> None:
        self.health = health or Health([SERVICE])
        self.wire = Wire(limits=limits, methods=self.health.methods(), greet=greet)

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
    assert len(asked.health._watching) == 1
    asked.wire.send(rst_stream(1, ErrorCode.CANCEL))
    assert len(asked.health._watching) == 0
    asked.ask(3, "Watch", "")
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


def test_a_few_watches_on_a_connection() -> None:
    """One more is refused, until another is over; all hear what changes, and that the connection ends."""
    asked = Asked()
    taken = [1, 3, 5, 7]
    assert not any(asked.ask(one, "Watch", "").ended for one in taken)
    assert asked.ask(9, "Watch", "").status == "8"
    asked.wire.send(rst_stream(3, ErrorCode.CANCEL))
    assert not asked.ask(11, "Watch", SERVICE).ended
    assert not asked.wire.calls.is_busy
    asked.health.set_serving(serving=True)
    told = replies(asked.wire.take())
    assert sorted(told) == [1, 5, 7, 11]
    assert all(statuses(reply.body) == [SERVING] for reply in told.values())
    asked.wire.calls.leave()
    left = replies(asked.wire.take())
    assert {one: left[one].status for one in (1, 5, 7, 11)} == dict.fromkeys([1, 5, 7, 11], "14")


def test_watches_of_a_server_are_bounded() -> None:
    """Over all its connections; Check is answered all the same."""
    first = Asked()
    first.ask(1, "Watch", "")
    others = [Asked(first.health) for _ in range(MOST_WATCHING)]
    *let_in, last = [other.ask(1, "Watch", "") for other in others]
    assert not any(reply.ended for reply in let_in)
    assert last.status == "8"
    assert others[-1].ask(3, "Check", "").status == "0"
    first.wire.calls.end()
    assert not others[-1].ask(5, "Watch", "").ended


def test_watch_does_not_hold_up_leaving() -> None:
    """It is ended when the connection begins to leave, and at once where that has begun."""
    asked = Asked()
    asked.ask(1, "Watch", "")
    asked.wire.calls.leave()
    told = asked.wire.take()
    assert replies(told)[1].status == "14"
    late = asked.ask(3, "Watch", "")
    assert (statuses(late.body), late.status) == ([NOT_SERVING], "14")
    (ping,) = (one for one in told if one.kind == frames.PING)
    asked.wire.send(frames.frame(frames.PING, frames.ACK, 0, ping.payload))
    assert asked.wire.closed


def test_connection_that_only_watches_is_idle() -> None:
    """A call is what keeps it, and a Watch is none."""
    asked = Asked(limits=Limits(idle_seconds=100.0, keepalive_seconds=1000.0))
    asked.ask(1, "Watch", "")
    assert asked.wire.tick(1.0) == []
    assert not asked.wire.calls.is_busy
    assert not asked.wire.calls.was_called
    assert asked.wire.tick(100.0) == []
    found = asked.wire.tick(1.0)
    assert frames.GOAWAY in [one.kind for one in found]
    assert replies(found)[1].status == "14"
    asked.ask(3, "Check", "")
    assert asked.wire.calls.was_called
