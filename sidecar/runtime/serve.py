"""Serving a configuration, in as many processes as it says. Imports no grpc: this process becomes the supervisor."""

import importlib
import logging
from pathlib import Path

from sidecar.loading.snapshot import Snapshot
from sidecar.runtime.blob import store
from sidecar.runtime.children import Orders
from sidecar.runtime.launch import context_for
from sidecar.runtime.planning import plan_fleet
from sidecar.runtime.shared import make_shared
from sidecar.runtime.supervisor import Supervisor
from sidecar.settings import Settings

_log = logging.getLogger(__name__)


def serve(config: Path, snapshot: Snapshot, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    ``config`` is the file, for reloads; ``settings`` are those of ``snapshot``.
    """
    if not settings.enable_multiprocessing:
        run_alone = importlib.import_module("sidecar.runtime.alone").run_alone
        return int(run_alone(config, snapshot))
    fleet = plan_fleet(settings, lambda text: _log.warning("%s", text))
    orders = Orders(
        fleet=fleet,
        shared=make_shared(fleet, settings.shared_memory_size),
        snapshot=store(snapshot.encode()),
        config=str(config.absolute()),
        log_level=settings.log_level,
        grace=settings.shutdown_grace_seconds,
    )
    _log.info("starting %d server(s), %d verifier(s)", fleet.servers, fleet.verifiers)
    return Supervisor(orders, context_for(settings.process_start_method)).run()
