"""Starting processes and learning of their end, the same under fork, spawn and forkserver."""

import multiprocessing
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkContext, ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import cast

from sidecar.runtime.supervision.child import SIGNALS, ChildSpec, run_child

#: Seconds that the fork server gets to tell how a child of its ended.
_STATUS_SECONDS = 0.2

Context = ForkContext | SpawnContext | ForkServerContext


@dataclass(slots=True)
class Running:
    """A process that was started. ``watch`` becomes readable when it has ended."""

    process: BaseProcess
    pid: int
    watch: int

    def has_ended(self) -> bool:
        """Say whether it has ended, with all of its threads."""
        poll = select.poll()  # not select(2): that knows descriptors up to 1023 alone
        poll.register(self.watch, select.POLLIN)
        return bool(poll.poll(0))

    def exit_status(self) -> int | None:
        """Return how it ended, as ``subprocess.Popen.returncode``; ``None`` where nobody can know any more."""
        self.process.join(_STATUS_SECONDS)
        return self.process.exitcode

    def kill(self, number: int) -> None:
        """Send a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self) -> None:
        """Let go of the descriptors."""
        if self.watch != self.process.sentinel:
            os.close(self.watch)
        # A child whose fork server was killed is ours, if we are PID 1, and nobody else waits for it.
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        with suppress(ValueError):
            self.process.close()


def context_for(method: str) -> Context:
    """Return multiprocessing's context for a start method of the settings.

    ``auto`` is fork on Linux as long as this process has one thread (with more, a lock that another thread holds would
    stay locked in the child), then forkserver; spawn elsewhere, since macOS's libraries do not bear a fork.
    """
    if method == "auto":
        method = _automatic()
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        # Imported once, in the fork server; none of them starts a thread.
        context.set_forkserver_preload(["sidecar.loading.snapshot", "sidecar.verify.pool.worker"])
    return cast("Context", context)


def _automatic() -> str:
    if sys.platform != "linux":
        return "spawn"
    return "fork" if threading.active_count() == 1 else "forkserver"


def start(context: Context, spec: ChildSpec) -> Running:
    """Start a child; raises ``OSError`` or ``EOFError`` where that cannot be.

    Under forkserver this waits for the fork server, and without a limit: one that is stopped (SIGSTOP) has the request,
    and whenever it goes on it would start a child that nobody knows. SIGCONT or SIGKILL to it ends the waiting.
    """
    process = context.Process(target=run_child, args=(spec,), name=spec.member.name)
    # Until it says what they do there, a signal would do in a forked child what it does here, which is to write to our
    # wake-up pipe, and another program would end of SIGHUP. The fork server, which is started here, needs its SIGCHLD.
    held_back = SIGNALS if context.get_start_method() == "fork" else {signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held_back)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert process.pid is not None  # noqa: S101 - it was started
    # A descriptor of the process itself, where there is such a thing: when the fork server is killed, multiprocessing
    # takes its children for dead, and they live on.
    pidfd_open = getattr(os, "pidfd_open", None)
    try:
        watch = process.sentinel if pidfd_open is None else pidfd_open(process.pid)
    except OSError:  # it has ended already, or the kernel has none
        watch = process.sentinel
    return Running(process, process.pid, watch)
