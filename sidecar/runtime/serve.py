"""Serving a configuration, in as many processes as it says. Imports no grpc: this process becomes the supervisor."""

import importlib
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path

from sidecar.loading.snapshot import Snapshot
from sidecar.loading.warm_up import warm_up_keys
from sidecar.placement.allowance import read_allowance
from sidecar.placement.plan import Placement
from sidecar.runtime.ipc.blob import store
from sidecar.runtime.ipc.fleet import Fleet
from sidecar.runtime.ipc.shared import make_shared
from sidecar.runtime.standard_streams import STANDARD_OUTPUT, open_standard_streams
from sidecar.runtime.supervision.children import Orders
from sidecar.runtime.supervision.launch import context_for
from sidecar.runtime.supervision.planning import Counts, placed, plan_fleet
from sidecar.runtime.supervision.supervisor import Supervisor
from sidecar.settings import Settings

#: Exit code for what must not happen.
FAILED = 1

_log = logging.getLogger(__name__)


def serve(config: Path, snapshot: Snapshot, settings: Settings, beat: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    ``config`` is the file, for reloads; ``settings`` are those of ``snapshot``. ``beat`` is called again and
    again by a single process whose loop goes on; several have a supervisor.
    """
    if STANDARD_OUTPUT in open_standard_streams() and settings.decision_log.stdout:
        _log.error("decision_log.stdout: standard output is closed; open it, or log decisions into a file")
        return FAILED
    if not settings.enable_multiprocessing:
        run_alone = importlib.import_module("sidecar.runtime.serving.alone").run_alone
        return int(run_alone(config, snapshot, beat))
    allowance = read_allowance(warn=_warn)
    fleet = plan_fleet(settings, allowance, _warn)
    orders = Orders(
        fleet=fleet,
        shared=make_shared(
            fleet,
            settings.shared_memory_size,
            settings.denylist_bytes,
            replay_bytes=settings.replay_memory_size,
            warm_up=warm_up_keys(settings, config.parent),
        ),
        snapshot=store(snapshot.encode()),
        config=str(config.absolute()),
        log_level=settings.log_level,
        grace=settings.shutdown_grace_seconds,
        replan=_replanning(settings, fleet) if settings.cpu_affinity_enabled else None,
    )
    minting = f", {fleet.minters} minter(s)" if fleet.minters else ""
    _log.info("starting %d server(s), %s verifier(s)%s", fleet.servers, _verifiers(fleet), minting)
    return _run(Supervisor(orders, context_for(settings.process_start_method)))


def _replanning(settings: Settings, fleet: Fleet) -> Callable[[frozenset[int]], Placement]:
    """Return what places the same processes on other CPUs."""
    counts = Counts(fleet.servers, fleet.verifiers, fleet.bounds)
    return lambda cpus: placed(settings, counts, cpus, _warn)


def _warn(text: str) -> None:
    _log.warning("%s", text)


def _verifiers(fleet: Fleet) -> str:
    if fleet.bounds is None:
        return f"{fleet.verifiers}"
    first, most = (count + fleet.jwt_verifiers for count in (fleet.bounds.first, fleet.bounds.most))
    return f"{first} of up to {most}"


def _run(supervisor: Supervisor) -> int:
    try:
        code = supervisor.run()
    except Exception:  # noqa: BLE001 - whatever it is, nobody must be left who watches nobody
        _log.exception("the supervisor failed, and everything ends")
        code = FAILED
    if multiprocessing.active_children():
        # One that did not end, though it was killed. At exit multiprocessing would wait for it, and it for us: it ends
        # when the lifeline closes, which is when we are gone.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
