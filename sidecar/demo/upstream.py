"""A small upstream that answers with what it got: method, path and headers, as JSON."""

import json
import threading
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one segment each would wait 40 ms for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def _echo(self) -> None:
        self._read_body()
        received = {"method": self.command, "path": self.path, "headers": [list(pair) for pair in self.headers.items()]}
        body = json.dumps(received).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _read_body(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)  # and its line's end
            self.rfile.readline()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _echo  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Keep quiet: the demonstration prints a table."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class EchoUpstream(AbstractContextManager["EchoUpstream"]):
    """Listens on a free loopback port while the context is open. ``port`` is that port."""

    port: int

    def __enter__(self) -> Self:
        """Start answering."""
        self._server = _Server(("127.0.0.1", 0), _Echo)
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
