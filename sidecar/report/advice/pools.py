"""Advice about pools: too few processes, too many, or too few CPUs for them."""

from collections.abc import Iterator
from math import ceil
from typing import Final

from sidecar.report.advice.kinds import KINDS, advised
from sidecar.report.figures import PoolUse, Window
from sidecar.report.model import Advice, Evidence
from sidecar.report.say import duration, many, over, percent
from sidecar.report.scope import Scope, servers
from sidecar.report.standing import Setup

#: Share of its time that a pool is to work once it has grown: room for the next burst.
_AIM: Final = 0.7
#: Pool -> which advice it is.
_OF_POOL: Final = {"verifier": "verifiers_too_few", "minter": "minters_too_few", "hook": "hook_workers_too_few"}
#: Seconds of 15 minutes without which nobody is called idle.
_LONG_SECONDS: Final = 600.0


def pools(scope: Scope) -> Iterator[Advice]:
    """Yield what is to be said of pools."""
    window = scope.recent
    if window is not None:
        for pool in window.pools:
            if is_busy(scope, pool) and pool.pool in _OF_POOL:
                yield from _grow(scope, window, pool)
    yield from _idle(scope)


def is_busy(scope: Scope, pool: PoolUse) -> bool:
    """Say whether a pool works nearly all of the time."""
    busy = pool.busy_share
    return busy is not None and busy >= scope.limits.pool_busy_share and scope.enough(pool.tasks)


def _grow(scope: Scope, window: Window, pool: PoolUse) -> Iterator[Advice]:
    busy, idle, kind = pool.busy_share or 0.0, scope.idle_cpus, _OF_POOL[pool.pool]
    text, evidence = f"{pool.pool} pool {percent(busy)} busy {over(window)}", [busy_share(pool, window)]
    wait = None if pool.queue_wait is None else pool.queue_wait.p99_seconds
    if wait is not None:
        evidence.append(Evidence("queue_wait_p99_seconds", wait, "s", window.name))
        text += f", p99 queue wait {duration(wait)}"
    if idle is not None:
        evidence.append(idle_cpus(scope))
    current, step = _configured(pool, scope.report.setup)
    room = 1 if idle is None else idle // step
    if not room:
        lack = "and no CPU is idle" if not idle else f"and {are_idle(idle)} for {many(step, 'server')}"
        text = f"{text}, {lack}: give it more CPUs, or have more pods"
        yield advised("cpus_too_few", text, *evidence, about=pool.pool)
        return
    most = scope.report.setup.verifiers_max if pool.pool == "verifier" else None
    if most is not None and current < most:
        return  # it grows by itself
    more = max(1, ceil(pool.workers * busy / _AIM / step) - pool.workers // step)
    proposed = current + min(room, more)
    if most is not None:
        kind = "verifiers_max_too_low"
        text += f", and there are as many as there may be ({most})"
    text += f": raise {KINDS[kind].variable} to {proposed}; {'if a CPU is idle' if idle is None else are_idle(idle)}"
    yield advised(kind, text, *evidence, about=pool.pool, current=current, proposed=proposed)


def busy_share(pool: PoolUse, window: Window) -> Evidence:
    """Return how busy a pool is."""
    return Evidence("busy_share", pool.busy_share or 0.0, "share", window.name)


def idle_cpus(scope: Scope) -> Evidence:
    """Return how many CPUs are idle."""
    return Evidence("idle_cpus", scope.report.machine.cpu_idle or 0.0, "CPUs", "1m")


def are_idle(count: int) -> str:
    """Return that so many CPUs are idle, in words."""
    return f"there {'is' if count == 1 else 'are'} {many(count, 'idle CPU')}"


def _configured(pool: PoolUse, setup: Setup) -> tuple[int, int]:
    """Return what the pool's setting is, and how many processes one more of it is."""
    if pool.pool == "hook":
        return setup.hook_workers, max(1, setup.servers)
    if pool.pool == "minter":
        return max(1, setup.jwt_verifiers), 1  # with 0 there is one all the same
    return setup.common_verifiers, 1


def _idle(scope: Scope) -> Iterator[Advice]:
    window, setup = scope.window("15m"), scope.report.setup
    if window is None or window.seconds < _LONG_SECONDS:
        return
    pool = next((one for one in window.pools if one.pool == "verifier"), None)
    loads = [one.cpu_share for one in servers(window) if one.cpu_share is not None]
    short = bool(loads) and sum(loads) / len(loads) >= scope.limits.cpu_busy_share and scope.idle_cpus == 0
    if pool is None or pool.busy_share is None or not short or pool.busy_share >= scope.limits.pool_idle_share:
        return
    current, load, least = setup.common_verifiers, sum(loads) / len(loads), setup.verifiers_min
    # Above the least they become fewer by themselves, and 1 is the least of all.
    if current < 1 or (least is not None and (current > least or least == 1)):
        return
    kind = "verifiers_idle" if least is None else "verifiers_min_too_high"
    text = (
        f"verifier pool {percent(pool.busy_share)} busy {over(window)}, while servers take {percent(load)} of a CPU "
        f"each and none is idle: lower {KINDS[kind].variable} to {current - 1}, and have a server more"
    )
    evidence = (busy_share(pool, window), Evidence("server_cpu_share", load, "CPUs", window.name))
    yield advised(kind, text, *evidence, about="verifier", current=current, proposed=current - 1)
