"""The agent: starts, watches and ends tenants, and nothing else. One thread, one loop, no grpc (a test)."""

import logging
import os
import random
import selectors
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sidecar.runtime.agent import workloads
from sidecar.runtime.agent.desk_life import DeskLife
from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.starting import Places, config_file, start_tenant, tenant_files
from sidecar.runtime.agent.tenancy import LOAD_SECONDS, Phase, Tenancy
from sidecar.runtime.agent.wants import BEAT, GO, MAX_BYTES, REFUSED, Wants, decode, taken_by
from sidecar.runtime.supervision.orphans import reap_orphans
from sidecar.transport.address import Address, TcpAddress

#: Seconds between two turns, and between two looks at the folders.
TICK: Final = 0.25
LOOK_SECONDS: Final = 1.0
#: Seconds from one turn to the next that are no tenant's fault.
LATE: Final = 1.0
#: Processes that read a configuration at once: each takes a CPU for a second, and memory that nobody planned for.
STARTING: Final = 2
#: Seconds after which one that still reads, of a file that hangs, keeps no other one waiting; and how many such there
#: may be.
SLOW_SECONDS: Final = 10.0
MOST_SLOW: Final = 4

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
        self._orders = orders
        self._tenants: dict[str, Tenancy] = {}
        self._refused: Mapping[str, str] = {}
        self._selector = selectors.DefaultSelector()
        self._signals, self._signals_end = socket.socketpair()
        self._desk = DeskLife(str(orders.probe), orders.places.run)
        self._looked_at: float | None = None
        self._turned_at = self._awake_since = 0.0
        self._own = () if isinstance(orders.probe, TcpAddress) and orders.probe.port == 0 else (str(orders.probe),)
        self._is_leaving = False
        self._told_problem = ""

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
        self._selector.register(self._signals, selectors.EVENT_READ)

    def _turn(self, now: float) -> None:
        if now - self._turned_at > LATE:
            self._awake_since = now  # the whole machine stood still, or we did: nobody is judged for that
        self._turned_at = now
        if not self._is_leaving:
            if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
                self._looked_at = now
                self._look(now)
            self._start_due(now)
        for tenant in list(self._tenants.values()):
            try:
                self._see_to(tenant, now)
            except Exception:  # noqa: BLE001 - whatever it is, it is this tenant's alone
                _log.exception("tenant %s: is killed", tenant.name)
                for root in tenant.roots:
                    root.kill()
        self._desk.turn([one.status() for one in self._tenants.values()], len(self._refused), now)
        for key, _ in self._selector.select(TICK):
            if key.fileobj is self._signals:
                self._take_signals()

    # Folders

    def _look(self, now: float) -> None:
        try:
            found = workloads.look(self._orders.places.tenants, self._orders.most, self._tenants)
        except (OSError, RuntimeError) as error:  # RuntimeError: as in workloads
            # INVARIANT: what cannot be looked at is not gone. Whoever serves goes on.
            self._complain(f"{self._orders.places.tenants} cannot be read, and all stay as they are: {error}")
            return
        self._complain("")
        for name, problem in found.refused.items():
            if self._refused.get(name) != problem:
                _log.error("%r is no tenant: %s", name, problem)
        self._refused = found.refused
        for name, folder in found.folders.items():
            if name not in self._tenants:
                _log.info("tenant %s: found", name)
                self._tenants[name] = Tenancy(name, folder)
            else:
                self._look_at(self._tenants[name], now)
        for name, tenant in self._tenants.items():
            # Twice in a row: whoever exchanges folders may do so in two steps.
            is_missing = name not in found.folders and name not in found.unseen
            gone, tenant.is_missing = tenant.is_missing and is_missing, is_missing
            if gone and not tenant.is_removed:
                _log.info("tenant %s: its folder is gone", name)
                tenant.is_removed = True
                tenant.drain(now)

    def _look_at(self, tenant: Tenancy, now: float) -> None:
        if tenant.phase is Phase.REFUSED and tenant_files(tenant.folder) != tenant.read:
            tenant.again(now)
        is_idle = tenant.phase is Phase.SERVING and tenant.candidate is None
        if is_idle and self._has_room(now) and self._is_unjudged(tenant, now):
            # What may change while it runs, it takes by itself. Does this?
            files, found = tenant_files(tenant.folder), config_file(tenant.folder)
            candidate = self._started(tenant)
            if candidate is not None:
                tenant.doubted, tenant.judged = files, found
                tenant.tries(candidate, now)

    def _is_unjudged(self, tenant: Tenancy, now: float) -> bool:
        """Say whether its configuration is another one, or one that was wrong and may no longer be."""
        if config_file(tenant.folder) != tenant.judged:
            return True
        return tenant.doubted is not None and (now >= tenant.judge_at or tenant_files(tenant.folder) != tenant.doubted)

    def _has_room(self, now: float) -> bool:
        """Say whether one more may read its configuration now."""
        tenants = self._tenants.values()
        began = [one.started_at for one in tenants if one.phase is Phase.LOADING]
        began += [one.candidate_until - LOAD_SECONDS for one in tenants if one.candidate is not None]
        quick = sum(now - at < SLOW_SECONDS for at in began)
        return quick < STARTING and len(began) - quick < MOST_SLOW

    def _complain(self, text: str) -> None:
        if text and text != self._told_problem:
            _log.error("%s", text)
        self._told_problem = text

    # Starts and ends

    def _start_due(self, now: float) -> None:
        waiting = [one for one in self._tenants.values() if one.root is None and not one.is_removed]
        due = [(at, one) for one in waiting if (at := one.next_start_at) is not None and at <= now]
        # Who waits longest is next, or some that fail again and again would keep all others waiting.
        for _, tenant in sorted(due, key=lambda one: one[0]):
            if not self._has_room(now):
                return
            # Before anything is read: what changes meanwhile is read again.
            tenant.read, tenant.judged, tenant.doubted = tenant_files(tenant.folder), config_file(tenant.folder), None
            root = self._started(tenant)
            if root is None:
                tenant.plan(now, random.random())  # noqa: S311 - jitter
            else:
                tenant.began(root, now)

    def _started(self, tenant: Tenancy) -> Root | None:
        try:
            root = start_tenant(tenant.name, tenant.folder, self._orders.places, takes_over=tenant.takes_over)
        except OSError as error:
            _log.error("tenant %s cannot be started: %s", tenant.name, error)
            return None
        try:
            for end in (root.watch, root.channel):
                self._selector.register(end, selectors.EVENT_READ)
        except (OSError, ValueError, KeyError) as error:
            # No room for one more with the kernel (epoll_ctl(2)): nobody must run whom nobody watches.
            _log.error("tenant %s cannot be watched, and is killed: %s", tenant.name, error)
            root.kill()
            self._close(root)
            return None
        return root

    def _see_to(self, tenant: Tenancy, now: float) -> None:
        root = tenant.root
        if tenant.candidate is not None:
            self._judge(tenant, tenant.candidate, now)
        if root is None:
            if tenant.is_removed:
                self._forget(tenant)
            return
        if tenant.phase is Phase.LOADING:
            self._hear(tenant, root, now)
        if root.has_ended():
            self._bury(tenant, root, now)
        elif tenant.until is not None and now >= tenant.until:
            _log.error("tenant %s: %s for too long, and is killed", tenant.name, tenant.phase)
            root.kill()
        elif tenant.phase is Phase.SERVING:
            tenant.settle(now)
            self._listen_to_heart(tenant, root, now)

    def _hear(self, tenant: Tenancy, root: Root, now: float) -> None:
        wants = self._wants(root)
        if wants is None:
            return
        taken = self._taken(tenant, wants)
        if taken is not None:
            _log.error("tenant %s: refused: %s", tenant.name, taken)
            root.kill()
            tenant.refuse(now)
            return
        # INVARIANT: its addresses are its own before it is let, and until it has ended.
        tenant.let(wants, now)
        try:
            root.channel.send(GO)
        except OSError:
            return  # it has ended, and that will be seen in a moment
        _log.info("tenant %s: serves %s", tenant.name, ", ".join(wants.addresses))

    def _listen_to_heart(self, tenant: Tenancy, root: Root, now: float) -> None:
        with suppress(OSError):
            while root.channel.recv(len(BEAT)):
                tenant.heard_at = now
        silent = tenant.silence(self._awake_since, now)
        if silent is not None:
            _log.error("tenant %s has been silent for %.0f s and is killed", tenant.name, silent)
            root.kill()

    def _taken(self, tenant: Tenancy, wants: Wants) -> str | None:
        others = {one.name: one.addresses for one in self._tenants.values() if one is not tenant}
        return taken_by(wants.addresses, {**others, "the agent": self._own})

    def _wants(self, root: Root) -> Wants | None:
        """Return what a tenant's process wants; ``None``: it has not said so yet, or never will."""
        try:
            data = root.channel.recv(MAX_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._deafen(root)
            return None
        try:
            wants = decode(data)
        except ValueError as error:
            _log.error("a tenant's process is killed: what it said makes no sense: %s", error)
            root.kill()
            wants = None
        self._deafen(root)
        return wants

    def _deafen(self, root: Root) -> None:
        """Listen no more: all has been said."""
        self._unregister(root.channel)

    def _unregister(self, end: int | socket.socket) -> None:
        with suppress(KeyError, ValueError):  # it is not registered, or no more
            self._selector.unregister(end)

    def _judge(self, tenant: Tenancy, candidate: Root, now: float) -> None:
        wants = None if candidate.has_ended() else self._wants(candidate)
        if wants is not None:
            candidate.kill()
            if tenant.phase is Phase.SERVING and tenant.wants is not None:
                self._decide(tenant, tenant.wants.shape, wants, now)
        elif candidate.has_ended():
            self._close(candidate)
            tenant.tried(now)
        elif now >= tenant.candidate_until:
            candidate.kill()

    def _decide(self, tenant: Tenancy, shape: str, wants: Wants, now: float) -> None:
        taken = None if wants.shape == shape else self._taken(tenant, wants)
        if taken is not None:
            _log.error("tenant %s: stays as it is: %s", tenant.name, taken)
            return
        tenant.doubted = None
        if wants.shape != shape:
            _log.info("tenant %s: what has changed takes a restart", tenant.name)
            tenant.kept = wants.addresses
            tenant.drain(now)

    def _bury(self, tenant: Tenancy, root: Root, now: float) -> None:
        status = self._close(root)
        if tenant.phase is Phase.SERVING:
            tenant.kept = tenant.addresses
        phase, tenant.root, tenant.wants = tenant.phase, None, None
        tenant.takes_over &= phase in (Phase.LOADING, Phase.REFUSED)
        if tenant.is_removed:
            return
        if phase is Phase.DRAINING:
            tenant.again(now)
        elif phase is Phase.LOADING and status == REFUSED:
            tenant.refuse(now)
        elif phase is not Phase.REFUSED:
            delay = tenant.plan(now, random.random())  # noqa: S311 - jitter
            how = f"signal {-status}" if status < 0 else f"exit code {status}"
            _log.warning("tenant %s ended: %s; starting again in %.1f s", tenant.name, how, delay)

    def _close(self, root: Root) -> int:
        for end in (root.watch, root.channel):
            self._unregister(end)
        return root.bury()

    def _forget(self, tenant: Tenancy) -> None:
        if tenant.candidate is None:
            _log.info("tenant %s: gone", tenant.name)
            del self._tenants[tenant.name]

    # Signals

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


def refuse_unless_possible() -> str | None:
    """Return why there can be no agent on this system; ``None`` where there can."""
    if not hasattr(os, "pidfd_open"):
        return "the agent needs Linux 5.3 or newer"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"the agent needs Linux 5.3 or newer (pidfd_open: {error.strerror})"
    return None
