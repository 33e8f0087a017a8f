"""Advice about processes: how many, on how many CPUs, with how much memory, and whether they stay."""

from collections.abc import Iterator
from math import ceil

from sidecar.report.advice.kinds import advised
from sidecar.report.advice.pools import are_idle, idle_cpus, is_busy
from sidecar.report.figures import Window
from sidecar.report.model import Advice, Evidence
from sidecar.report.say import duration, many, over, percent, size
from sidecar.report.scope import Scope, servers


def processes(scope: Scope) -> Iterator[Advice]:
    """Yield what is to be said of processes."""
    yield from _too_many(scope)
    yield from _memory(scope)
    for one in scope.report.live.processes:
        if one.crash_loop:
            text = (
                f"{one.name} ends again and again, {many(one.restarts or 0, 'time')} since the start: the log says why"
            )
            yield advised("crash_loop", text, Evidence("restarts", one.restarts or 0, "times", "now"), about=one.name)
    long, recent = scope.window("15m"), scope.recent
    if long is not None:
        yield from _restarts(scope, long)
    if recent is not None:
        yield from _busy(scope, recent)
        yield from _lag(scope, recent)


def _too_many(scope: Scope) -> Iterator[Advice]:
    setup = scope.report.setup
    if setup.cpus is None or not setup.multiprocessing:
        return
    verifiers = setup.fewest_verifiers
    wanted, there = setup.servers + verifiers, max(1, ceil(setup.cpus))
    # One of each is the least that there can be of both.
    if wanted <= there or (setup.servers == 1 and verifiers <= 1):
        return
    proposed = max(1, there - verifiers)
    quota = f" (a quota of {setup.cpu_quota:.3g})" if setup.cpu_quota is not None else ""
    text = (
        f"{many(setup.servers, 'server')} and {many(verifiers, 'verifier')} share {setup.cpus:.3g} CPUs{quota}: "
        f"they take turns, and checks wait for theirs; lower AUTHZ_SERVERS to {proposed}"
    )
    if proposed == setup.servers:
        name = "AUTHZ_VERIFICATION_WORKERS" if setup.verifiers_min is None else "AUTHZ_VERIFICATION_WORKERS_MIN"
        text = f"{text.partition('; lower')[0]}; lower {name}"
    evidence = (Evidence("processes", wanted, "", "now"), Evidence("cpus", setup.cpus, "CPUs", "now"))
    yield advised("too_many_processes", text, *evidence, current=setup.servers, proposed=proposed)


def _memory(scope: Scope) -> Iterator[Advice]:
    setup, used = scope.report.setup, scope.report.machine.memory_used_bytes
    limit = setup.memory_limit_bytes
    if used is None or not limit or used / limit < scope.limits.memory_share:
        return
    text = (
        f"{size(used)} of {size(limit)} of memory are in use, {percent(used / limit)}; at all of it the kernel kills a "
        f"process: raise the limit, or lower AUTHZ_CACHE_LOCAL_ENTRIES ({setup.local_entries} in each of "
        f"{many(setup.servers, 'server')}, some 6 KiB each) or AUTHZ_SHARED_MEMORY_SIZE"
    )
    proposed = setup.local_entries // 2
    evidence = Evidence("memory_share", used / limit, "share", "now")
    yield advised("memory_short", text, evidence, current=setup.local_entries, proposed=proposed)


def _restarts(scope: Scope, window: Window) -> Iterator[Advice]:
    for one in window.processes:
        count = one.restarts_within or 0
        if count >= scope.limits.restarts and not one.crash_loop:
            text = f"{one.name} was started again {many(count, 'time')} {over(window)}: the log says why each one ended"
            evidence = Evidence("restarts", count, "times", window.name)
            yield advised("restarts", text, evidence, about=one.name)


def _busy(scope: Scope, window: Window) -> Iterator[Advice]:
    loads = {one.name: one.cpu_share for one in servers(window) if one.cpu_share is not None}
    if not loads or len(loads) < scope.report.setup.servers:
        return
    mean, enough = sum(loads.values()) / len(loads), scope.limits.cpu_busy_share
    if mean >= enough:
        yield from _all_busy(scope, window, mean)
        return
    name = max(loads, key=lambda one: loads[one])
    most = loads.pop(name)
    others = sum(loads.values()) / len(loads) if loads else most
    if most >= enough and others < most / 2:
        text = (
            f"{name} takes {percent(most)} of a CPU {over(window)}, the other servers {percent(others)} on average: "
            "Envoy is to have an endpoint for each (listen_mode: per_process), and to balance by LEAST_REQUEST"
        )
        evidence = (
            Evidence("busiest_cpu_share", most, "CPUs", window.name),
            Evidence("others_cpu_share", others, "CPUs", window.name),
        )
        yield advised("uneven_load", text, *evidence, about=name)


def _all_busy(scope: Scope, window: Window, mean: float) -> Iterator[Advice]:
    setup, idle = scope.report.setup, scope.idle_cpus
    if idle is None:
        return
    text = f"servers take {percent(mean)} of a CPU each {over(window)}"
    evidence = (Evidence("server_cpu_share", mean, "CPUs", window.name), idle_cpus(scope))
    if not idle:
        # Of a pool that is busy the same was said.
        if not any(is_busy(scope, one) for one in window.pools):
            yield advised(
                "cpus_too_few", f"{text}, and no CPU is idle: give it more CPUs, or have more pods", *evidence
            )
    elif not setup.multiprocessing:
        text = f"{text}, and there is one process alone: set AUTHZ_ENABLE_MULTIPROCESSING to true; {are_idle(idle)}"
        yield advised("single_process", text, *evidence, current="false", proposed="true")
    else:
        proposed = setup.servers + 1
        text = f"{text}: raise AUTHZ_SERVERS to {proposed}, and name it to Envoy; {are_idle(idle)}"
        yield advised("servers_too_few", text, *evidence, current=setup.servers, proposed=proposed)


def _lag(scope: Scope, window: Window) -> Iterator[Advice]:
    lag = window.loop_lag
    late = lag.p99_seconds if lag is not None and scope.enough(lag.count) else None
    loads = [one.cpu_share for one in servers(window)]
    busy = any(load is None or load >= scope.limits.cpu_busy_share for load in loads)
    # Where a server is busy, that is why; where nobody knows, it may be.
    if late is None or late < scope.limits.loop_lag_p99_seconds or busy or not loads:
        return
    last = {one.name: one.loop_lag_seconds or 0.0 for one in servers(window)}
    name = max(last, key=lambda one: last[one])
    text = (
        f"event loops were {duration(late)} late or more, 1 time in 100, {over(window)}, though their CPUs are not "
        f"busy ({name} {duration(last[name])} lately): {_cause(scope, window)}"
    )
    yield advised("loop_lag", text, Evidence("loop_lag_p99_seconds", late, "s", window.name), about=name)


def _cause(scope: Scope, window: Window) -> str:
    machine = scope.report.machine.system_cpu_share
    if machine is not None and machine >= scope.limits.cpu_busy_share:
        return (
            f"others take the machine's CPUs, which are {percent(machine)} busy: give the pod CPU requests of its own"
        )
    if window.hooks:
        return "something holds them up, such as a hook that calculates or waits without being async"
    return "something holds them up, such as a CPU quota that is used up in bursts"
