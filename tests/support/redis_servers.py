"""A real Redis, started for a test on a free port of loopback, and ended with it."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from support.ports import free_port
from support.tools import lacking

STREAM = "authz:revocations"


class RedisServer:
    """One Redis that keeps nothing on disk; it can be stopped and started again, empty, on the same port."""

    def __init__(self, folder: Path, arguments: Sequence[str] = (), **client: Any) -> None:  # noqa: ANN401 - of Redis
        self._folder, self._arguments = folder, arguments
        self.port = free_port()
        plain = () if "--port" in arguments else ("--port", str(self.port))
        self._listen = (*plain, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder))
        self._process: subprocess.Popen[bytes] | None = None
        self.client: Any = Redis(host="127.0.0.1", port=self.port, **client)

    @property
    def url(self) -> str:
        """Return where it is, without TLS."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [_binary(), *self._listen, *(one.replace("PORT", str(self.port)) for one in self._arguments)]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - Debian's own
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "Redis does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and all that it knows."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Have it answer nothing, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def add(self, message: bytes, **options: Any) -> None:  # noqa: ANN401 - of xadd
        """Add a message to the stream, whoever has signed it."""
        self.client.xadd(STREAM, {"jws": message}, **options)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (RedisError, OSError):
            return False


@contextmanager
def running_redis(folder: Path, arguments: Sequence[str] = (), **client: Any) -> Iterator[RedisServer]:  # noqa: ANN401
    """Run one until the context closes."""
    server = RedisServer(folder, arguments, **client)
    server.start()
    try:
        yield server
    finally:
        server.client.close()
        server.stop()


def _binary() -> str:
    found = shutil.which("redis-server")
    if found is None:
        lacking("no redis-server; on Debian or Ubuntu: apt-get install redis-server")
    return found
