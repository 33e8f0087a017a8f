"""A plain HTTP client: requests exactly as written, duplicates and odd paths included."""

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``seconds`` is from sending to the end of the body."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def reason(self) -> str:
        """Return the sidecar's reason code, empty where the answer is not one of its denials."""
        value = self._json().get("reason", "")
        return value if isinstance(value, str) else ""

    @property
    def upstream_headers(self) -> list[tuple[str, str]] | None:
        """Return the headers the echoing upstream got, lower-case, or ``None`` where the request never reached it."""
        echoed = self._json().get("headers")
        if not isinstance(echoed, list):
            return None
        return [(str(name).lower(), str(value)) for name, value in echoed]

    def _json(self) -> dict[str, object]:
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    headers: Headers = field(default=())


def send(port: int, call: Call, timeout: float = 30.0) -> Answer:
    """Send ``call`` to 127.0.0.1:``port``; raises ``OSError`` where no answer comes within ``timeout`` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    started = time.perf_counter()
    try:
        own_host = any(name.lower() == "host" for name, _ in call.headers)
        connection.putrequest(call.method, call.path, skip_host=own_host, skip_accept_encoding=True)
        for name, value in call.headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, body, time.perf_counter() - started)
    finally:
        connection.close()
