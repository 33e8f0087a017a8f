"""The agent's desk: probes and metrics of all tenants over HTTP, asked of each at its own socket.

GET /livez              200 while the agent says how its tenants are
GET /readyz             200 once those that it found at first are ready, or are refused, or had their time
GET /readyz?verbose     a line for each tenant
GET /tenants            JSON: each tenant, its phase, whether it is ready, and how often it was started again
GET /metrics            of all tenants, with the label ``tenant``, and of the agent itself
"""

import argparse
import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from sidecar.http import address as http_address
from sidecar.http.listening import ListenError
from sidecar.http.message import Answer, Call, Rejection, document, text
from sidecar.http.server import Limits, Listener
from sidecar.runtime.agent import desk_status
from sidecar.runtime.agent.asking import ask
from sidecar.runtime.agent.desk_status import Status
from sidecar.runtime.agent.ending import end_with
from sidecar.runtime.agent.root import taken_channel
from sidecar.runtime.agent.starting import probe_socket
from sidecar.runtime.agent.telling import exposition, facts, readiness
from sidecar.runtime.agent.tenancy import Phase
from sidecar.runtime.log_format import LOG_FORMAT

#: Exit code for an address that is taken, as ``cli.exit_codes`` has it.
UNAVAILABLE: Final = 3
#: Seconds after which the agent, which tells us four times each, is not alive.
SILENT_SECONDS: Final = 10.0
#: Seconds that tenants get at the agent's start until others may rely on it all the same: one that never becomes ready
#: must not keep the others' update waiting.
SETTLE_SECONDS: Final = 60.0
#: Seconds between two looks at whether tenants are ready.
_LOOK_SECONDS: Final = 1.0
_EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"

_log = logging.getLogger("sidecar.runtime.agent.desk")


class Desk:
    """``channel``: where the agent tells how its tenants are."""

    def __init__(self, run: Path, channel: socket.socket) -> None:
        self._run, self._channel = run, channel
        self._began_at = time.monotonic()
        self._heard_at = self._began_at
        self._was_told = False
        self._status = Status()
        self._ready: frozenset[str] = frozenset()
        self._is_settled = False

    def hear(self) -> None:
        """Take what the agent says."""
        try:
            self._status = desk_status.decode(self._channel.recv(desk_status.MAX_BYTES))
        except BlockingIOError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            _log.exception("what the agent says is not understood")
            return
        self._heard_at, self._was_told = time.monotonic(), True

    async def watch(self) -> None:
        """Look at who is ready, again and again."""
        while True:
            names = [one.name for one in self._tenants if one.phase is Phase.SERVING]
            answers = await asyncio.gather(*(self._ask(name, "/readyz") for name in names))
            self._ready = frozenset(name for name, body in zip(names, answers, strict=True) if body is not None)
            waits = any(one.phase is not Phase.REFUSED and one.name not in self._ready for one in self._tenants)
            late = time.monotonic() - self._began_at > SETTLE_SECONDS
            self._is_settled |= self._was_told and (not waits or late)
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def _tenants(self) -> Sequence[desk_status.TenantStatus]:
        return self._status.tenants

    async def _ask(self, name: str, path: str) -> str | None:
        """Return what a tenant answers; ``None``: nothing, or not 200."""
        return await ask(probe_socket(self._run, name), path)

    async def page(self, call: Call) -> Answer:
        """Answer a request."""
        if call.method not in ("GET", "HEAD"):
            raise Rejection(405, "only GET and HEAD", (("allow", "GET, HEAD"),))
        match call.path:
            case "/livez":
                alive = time.monotonic() - self._heard_at < SILENT_SECONDS
                return text(200, "ok") if alive else text(503, "the agent says nothing")
            case "/readyz":
                verdict = readiness(
                    self._status, self._ready, told_all="verbose" in call.query, is_settled=self._is_settled
                )
                return text(200 if self._is_settled else 503, verdict)
            case "/tenants":
                return document(200, {"tenants": [{**one} for one in facts(self._status, self._ready)]})
            case "/metrics":
                return Answer(200, (await self._metrics()).encode(), _EXPOSITION)
            case _:
                raise Rejection(404, "not found")

    async def _metrics(self) -> str:
        names = [one.name for one in self._tenants if one.phase in (Phase.SERVING, Phase.DRAINING)]
        bodies = await asyncio.gather(*(self._ask(name, "/metrics") for name in names))
        told = {name: body for name, body in zip(names, bodies, strict=True) if body is not None}
        return exposition(self._status, self._ready, told)


async def _serve(listen: str, run: Path, channel: socket.socket) -> int:
    desk = Desk(run, channel)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(channel, desk.hear)
    listener = Listener(http_address.parse(listen), desk.page, Limits())
    try:
        await listener.start()
    except ListenError as error:
        _log.error("%s", error)
        return UNAVAILABLE
    _log.info("HTTP on %s for probes and metrics", listener.address)
    watching = asyncio.create_task(desk.watch())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([watching, stopping], return_when=asyncio.FIRST_COMPLETED)
    await listener.stop()
    return 1 if watching.done() else 0


def main(arguments: Sequence[str]) -> int:
    """Be the desk; return the exit code."""
    parser = argparse.ArgumentParser()
    for name in ("--listen", "--run"):
        parser.add_argument(name, required=True)
    for name in ("--channel", "--parent"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args(arguments)
    end_with(given.parent)
    logging.basicConfig(level="INFO", format=LOG_FORMAT, force=True)
    with taken_channel(given.channel) as channel:
        channel.setblocking(False)  # noqa: FBT003 - positional only
        return uvloop.run(_serve(given.listen, Path(given.run), channel))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
