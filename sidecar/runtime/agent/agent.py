"""The agent: starts, watches and ends tenants, and nothing else. One thread, one loop, no grpc (a test).

```
folders ──> Census ──> tenants ──> Readers: start who is due ──> Care: hear, let, bury
                          └──────> DeskLife: is told how they are
```
"""

import logging
import os
import signal
import socket
import time
from dataclasses import dataclass
from typing import Final

from sidecar.runtime.agent.care import Care
from sidecar.runtime.agent.census import Census
from sidecar.runtime.agent.desk_life import DeskLife
from sidecar.runtime.agent.hearing import Hearing
from sidecar.runtime.agent.readers import Readers
from sidecar.runtime.agent.starting import Places
from sidecar.runtime.agent.tenancy import Phase, Tenancy
from sidecar.runtime.supervision.orphans import reap_orphans
from sidecar.transport.address import Address, TcpAddress

#: Seconds between two turns, and between two looks at the folders.
TICK: Final = 0.25
LOOK_SECONDS: Final = 1.0
#: Seconds from one turn to the next that are no tenant's fault.
LATE: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the agent is told. ``probe`` is where the desk listens; port 0 is one that the system chooses."""

    places: Places
    probe: Address
    most: int


class Agent:
    """``run`` it, once."""

    def __init__(self, orders: Orders) -> None:
        self._tenants: dict[str, Tenancy] = {}
        self._hearing = Hearing()
        self._signals, self._signals_end = socket.socketpair()
        self._desk = DeskLife(str(orders.probe), orders.places.run)
        self._census = Census(orders.places.tenants, orders.most, self._tenants)
        self._readers = Readers(self._tenants, orders.places, self._hearing)
        self._care = Care(self._tenants, self._hearing, _known(orders.probe))
        self._looked_at: float | None = None
        self._turned_at = self._awake_since = 0.0
        self._is_leaving = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code. Whatever it raises, all tenants are ended."""
        try:
            self._listen()
            while not (self._is_leaving and not any(one.root for one in self._tenants.values())):
                self._turn(time.monotonic())
        finally:
            self._kill_all()
        return 0

    def _listen(self) -> None:
        for end in (self._signals_end, self._signals):
            end.setblocking(False)  # noqa: FBT003 - positional only
        signal.set_wakeup_fd(self._signals_end.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda _number, _frame: None)
        self._hearing.listen_to(self._signals)

    def _turn(self, now: float) -> None:
        if now - self._turned_at > LATE:
            self._awake_since = now  # the whole machine stood still, or we did: nobody is judged for that
        self._turned_at = now
        if not self._is_leaving:
            if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
                self._looked_at = now
                self._look(now)
            self._readers.start_due(now)
        for tenant in list(self._tenants.values()):
            self._see_to(tenant, now)
        self._desk.turn([one.status() for one in self._tenants.values()], self._census.ignored, now)
        if self._signals in self._hearing.wait(TICK):
            self._take_signals()

    def _look(self, now: float) -> None:
        for tenant in self._census.look(now):
            self._readers.look_again(tenant, now)

    def _see_to(self, tenant: Tenancy, now: float) -> None:
        try:
            self._care.see_to(tenant, now, self._awake_since)
        except Exception:  # noqa: BLE001 - whatever it is, it is this tenant's alone
            _log.exception("tenant %s: is killed", tenant.name)
            for root in tenant.roots:
                root.kill()

    def _take_signals(self) -> None:
        now = time.monotonic()
        for number in self._signals.recv(64):
            if number in (signal.SIGTERM, signal.SIGINT):
                self._leave(now)
            elif number == signal.SIGHUP:
                self._looked_at = None
                for tenant in self._tenants.values():
                    if tenant.phase is Phase.SERVING and tenant.root is not None:
                        tenant.root.signal(signal.SIGHUP)
            elif number == signal.SIGCHLD:
                ours = {one.pid for tenant in self._tenants.values() for one in tenant.roots}
                reap_orphans(ours | self._desk.pids)

    def _leave(self, now: float) -> None:
        if self._is_leaving:
            for tenant in self._tenants.values():
                tenant.until = now  # asked twice
            return
        _log.info("draining all tenants")
        self._is_leaving = True
        for tenant in self._tenants.values():
            tenant.is_removed = True
            tenant.drain(now)

    def _kill_all(self) -> None:
        for tenant in self._tenants.values():
            for root in tenant.roots:
                root.kill()
        for tenant in self._tenants.values():
            for root in tenant.roots:
                root.bury()
        self._desk.end()


def _known(probe: Address) -> tuple[str, ...]:
    """Return the desk's address; nothing where nobody knows yet which port that will be."""
    return () if isinstance(probe, TcpAddress) and probe.port == 0 else (str(probe),)


def refuse_unless_possible() -> str | None:
    """Return why there can be no agent on this system; ``None`` where there can."""
    if not hasattr(os, "pidfd_open"):
        return "the agent needs Linux 5.3 or newer"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"the agent needs Linux 5.3 or newer (pidfd_open: {error.strerror})"
    return None
