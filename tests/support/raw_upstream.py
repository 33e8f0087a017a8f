"""An upstream that takes whatever comes and keeps it: the bytes of each request, as they arrived."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, in ISO 8859-1: nothing in it was decoded, joined or put in order."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of a header, by its name in lower case."""
        return tuple(value for key, value in self.fields if key == name)


class RawUpstream(AbstractContextManager["RawUpstream"]):
    """Listens on a free loopback port, ``port``, while the context is open."""

    port: int

    def __init__(self) -> None:
        self._seen: list[Seen] = []

    def __enter__(self) -> Self:
        """Start answering."""
        self._server = _Server(("127.0.0.1", 0), _handler(self._seen))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def taken(self) -> tuple[Seen, ...]:
        """Return the requests since the last call."""
        found = tuple(self._seen)
        del self._seen[: len(found)]
        return found


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def _handler(seen: list[Seen]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while (line := self.rfile.readline().decode("latin-1")).strip():
                fields = tuple(_fields(self.rfile.readline))
                method, _, rest = line.rstrip("\r\n").partition(" ")
                found = Seen(method, rest.rpartition(" ")[0], fields)
                # Before the answer: who has that finds the request among those seen.
                seen.append(found)
                self._skip_body(found)
                self.wfile.write(_ANSWER)

        def _skip_body(self, found: Seen) -> None:
            if found.values("transfer-encoding"):
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    self.rfile.read(size + 2)
                while self.rfile.readline().strip():
                    pass
            else:
                self.rfile.read(int(next(iter(found.values("content-length")), "0")))

    return Handler


def _fields(readline: Callable[[], bytes]) -> Iterator[tuple[str, str]]:
    while line := readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        yield name.lower(), value
