"""What stands for traefik/whoami where no registry of images is: answers with what it was asked."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Whoami(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.requestline}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8081), _Whoami).serve_forever()  # noqa: S104 - of a container
