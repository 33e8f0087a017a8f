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
from collections.abc import Iterator, Mapping, Sequence
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
from sidecar.runtime.agent.merging import merged, own
from sidecar.runtime.agent.root import taken_channel
from sidecar.runtime.agent.starting import probe_socket
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
        self._status: Status | None = None
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
        self._heard_at = time.monotonic()

    async def watch(self) -> None:
        """Look at who is ready, again and again."""
        while True:
            names = [one.name for one in self._tenants if one.phase is Phase.SERVING]
            answers = await asyncio.gather(*(self._ask(name, "/readyz") for name in names))
            self._ready = frozenset(name for name, body in zip(names, answers, strict=True) if body is not None)
            waits = any(one.phase is not Phase.REFUSED and one.name not in self._ready for one in self._tenants)
            late = time.monotonic() - self._began_at > SETTLE_SECONDS
            self._is_settled |= self._status is not None and (not waits or late)
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def _tenants(self) -> Sequence[desk_status.TenantStatus]:
        return () if self._status is None else self._status.tenants

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
                return self._readiness(call.query)
            case "/tenants":
                return document(200, {"tenants": [{**one} for one in self._facts()]})
            case "/metrics":
                return Answer(200, "".join([f"{line}\n" for line in await self._metrics()]).encode(), _EXPOSITION)
            case _:
                raise Rejection(404, "not found")

    def _readiness(self, query: str) -> Answer:
        lines = [
            f"[{'+' if one['ready'] else '-'}]{one['tenant']} {one['phase']}, {'' if one['ready'] else 'not '}ready"
            for one in self._facts()
        ]
        verdict = "ok" if self._is_settled else "tenants are still starting"
        if "verbose" in query or not self._is_settled:
            verdict = "\n".join([*lines, verdict])
        return text(200 if self._is_settled else 503, verdict)

    def _facts(self) -> Iterator[Mapping[str, object]]:
        for one in self._tenants:
            ready = one.phase is Phase.SERVING and one.name in self._ready
            yield {"tenant": one.name, "phase": one.phase.value, "ready": ready, "restarts": one.restarts}

    async def _metrics(self) -> list[str]:
        tenants = self._tenants
        names = [one.name for one in tenants if one.phase in (Phase.SERVING, Phase.DRAINING)]
        bodies = await asyncio.gather(*(self._ask(name, "/metrics") for name in names))
        told = {name: body for name, body in zip(names, bodies, strict=True) if body is not None}
        lines = list(merged(told))
        ready = [(one.name, float(one.phase is Phase.SERVING and one.name in self._ready)) for one in tenants]
        refused = [(one.name, float(one.phase is Phase.REFUSED)) for one in tenants]
        restarts = [(one.name, float(one.restarts)) for one in tenants]
        scraped = [(one.name, float(one.name in told)) for one in tenants]
        ignored = 0 if self._status is None else self._status.ignored
        lines += own("authz_agent_tenant_ready", "gauge", "1 where it answers checks and says it is ready.", ready)
        lines += own("authz_agent_tenant_refused", "gauge", "1 where its configuration is refused.", refused)
        lines += own("authz_agent_tenant_restarts_total", "counter", "Starts after ends that nobody wanted.", restarts)
        lines += own("authz_agent_tenant_scraped", "gauge", "1 where its own metrics are here.", scraped)
        lines += own(
            "authz_agent_ignored_folders", "gauge", "Entries of the tenants' folder that are none.", [("", ignored)]
        )
        return lines


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
