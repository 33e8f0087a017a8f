"""A server's way of having hooks asked."""

from pathlib import Path

from sidecar.hooking.asker import Asker
from sidecar.hooking.facts import read_facts
from sidecar.hooking.finding import look_into
from sidecar.hooking.pool import HookPool
from sidecar.hooking.runner import Ways
from sidecar.memory.counters import Row
from sidecar.observe.hook_meter import HookMeter
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Pool
from sidecar.runtime.log_format import LOG_FORMAT
from sidecar.settings import Settings


def asker_of(settings: Settings, folder: Path, hooks: bytes, row: Row) -> Asker:
    """Return who asks the hooks of ``settings``, which ``hooks`` says what they are. Imports their modules.

    ``folder`` is where the configuration is.
    """
    facts = read_facts(hooks)
    place = None if settings.hook_folder is None else str((folder / settings.hook_folder).absolute())
    look_into(place)
    ways = [
        Ways(
            budget=one.budget_seconds,
            moves_after=one.moves_after,
            timeout=one.timeout_seconds,
            max_in_flight=one.max_in_flight,
            max_header_bytes=settings.response.max_header_bytes,
        )
        for one in settings.hooks
    ]
    orders = {
        "folder": place,
        "hooks": [(one.call, one.digest) for one in facts if one.declared.cpu_bound],
        "max_header_bytes": settings.response.max_header_bytes,
        "log_level": settings.log_level,
        "log_format": LOG_FORMAT,
    }
    pool = HookPool(settings.hook_processor_workers, orders, PoolMeter(row, Pool.HOOK))
    return Asker(facts, ways, pool, HookMeter(row))
