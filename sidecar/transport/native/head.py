"""What a request's header fields mean: which method is called, and how long it may take; or what is wrong with them."""

from sidecar.transport.deadline import OF_THE_DEADLINE
from sidecar.transport.native.grpc_status import CallError, Status
from sidecar.transport.native.grpc_timeout import parse_timeout
from sidecar.transport.native.header_memo import Fields
from sidecar.transport.native.header_rules import malformed_request
from sidecar.transport.native.methods import Method, Methods, Unary
from sidecar.transport.tracing import Answer

_GRPC = b"application/grpc"


class HttpError(Exception):
    """What is no gRPC request at all gets an HTTP status. ``has_body``: an answer to its method may have a body."""

    def __init__(self, status: int, text: str, *, has_body: bool) -> None:
        super().__init__(f"{status} {text}")
        self.status, self.text, self.has_body = status, text, has_body


class Head:
    """A request without its message. Made once for all requests with the same fields, and never changed.

    ``malformed``: why its stream has to be reset; empty: it has not. ``method``: what it calls, or how it is refused.
    ``timeout``: the caller's, in seconds, if there is one. ``direct`` and ``limit`` are for ``fast_path``: the handler
    of a method with one answer, where nothing but its message matters any more, and the seconds that it gets.
    """

    __slots__ = ("content_length", "direct", "limit", "malformed", "method", "timeout")

    def __init__(self, fields: Fields, methods: Methods) -> None:
        self.malformed = malformed_request(fields)
        headers = dict(fields)
        length = headers.get(b"content-length")
        self.content_length = int(length) if length is not None and not self.malformed else None
        self.timeout: float | None = None
        self.method: Method | CallError | HttpError
        try:
            self.method = self._method(headers, methods)
        except (CallError, HttpError) as refusal:
            self.method = refusal.with_traceback(None)
        self.limit = self.time_left(0.0)
        self.direct: Answer | None = None
        if isinstance(self.method, Unary) and not self.malformed and self.content_length is None:
            self.direct = self.method.answer

    def answered_by(self, answer: Answer) -> "Head":
        """Return the same request to a method with one answer, which ``answer`` gives in place of the method's own."""
        assert isinstance(self.method, Unary)  # noqa: S101 - no other is traced
        other = Head.__new__(Head)
        other.malformed, other.content_length = self.malformed, self.content_length
        other.timeout, other.limit = self.timeout, self.limit
        other.method = Unary(answer, self.method.too_large)
        other.direct = None if self.direct is None else answer
        return other

    def time_left(self, passed: float) -> float | None:
        """Return the seconds that a handler gets when so many have passed since the request's headers came."""
        return None if self.timeout is None else max(0.0, self.timeout - passed) * OF_THE_DEADLINE

    def _method(self, headers: dict[bytes, bytes], methods: Methods) -> Method:
        verb, path = headers.get(b":method"), headers.get(b":path", b"")
        if verb != b"POST":
            raise HttpError(405, "gRPC requests are POST\n", has_body=verb != b"HEAD")
        kind = headers.get(b"content-type", b"")
        if not kind.startswith(_GRPC) or kind[len(_GRPC) :][:1] not in (b"", b"+", b";"):
            raise HttpError(415, "gRPC requests are application/grpc\n", has_body=True)
        if headers.get(b"grpc-encoding", b"identity") != b"identity":
            raise CallError(Status.UNIMPLEMENTED, "compressed messages are not taken")
        if b"grpc-timeout" in headers:
            self.timeout = parse_timeout(headers[b"grpc-timeout"])
            if self.timeout is None:
                raise CallError(Status.INTERNAL, "malformed grpc-timeout")
        if path not in methods:
            raise CallError(Status.UNIMPLEMENTED, f"unknown method {path[:200].decode('latin-1')}")
        return methods[path]
