"""What is wrong with CPUs: too few, not ours alone, or far from the memory."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from math import ceil

from sidecar.doctor.finding.kinds import THROTTLED_SHARE, Finding, found
from sidecar.doctor.snapshot import Given, Made, Snapshot
from sidecar.placement.cpulist import format_cpulist
from sidecar.report.say import duration, many, percent

_ONE_NODE = "topologyManagerPolicy: single-numa-node"


def cpus(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with them."""
    given, made = snapshot.given, snapshot.made
    yield from _throttled(given)
    yield from _nodes(given, made)
    if made is None:
        return
    yield from _too_few(given, made)
    if made.pinned:
        yield from _not_ours(given, made)
    running = snapshot.running
    if running is not None and not made.servers_configured and running.servers != made.servers:
        text = (
            f"{many(running.servers, 'server')} run, and what is given now would make {made.servers}: Envoy was told "
            f"of {running.servers}, so that their number stays until a restart"
        )
        yield found("servers_changed", text, f"servers: {made.servers}  # and `authz-sidecar envoy config` anew")


def _throttled(given: Given) -> Iterator[Finding]:
    share, waited = given.throttled_share, given.throttled_seconds
    if share is None or waited is None or share < THROTTLED_SHARE:
        return
    quota = "" if given.cpu_quota is None else f" of {given.cpu_quota:.3g} CPUs"
    text = (
        f"the CPU quota{quota} was used up in {percent(share)} of its periods so far, and threads stood still for "
        f"{duration(waited)}: each time all checks wait for the rest of the period, 100 ms by default"
    )
    yield found("cpu_throttled", text, _no_limit(given))


def _too_few(given: Given, made: Made) -> Iterator[Finding]:
    quota, busy = given.cpu_quota, made.busy
    who = _who(made)
    if quota is not None and quota < max(1, busy) and quota < len(given.cpus):
        text = (
            f"a quota of {quota:.3g} CPUs for {who}: once they have used it up all of them stand still for the rest of "
            "each 100 ms, and Envoy waits for 200"
        )
        yield found("cpu_quota_short", text, _no_limit(given, busy))
    # One of each is the least that there can be of both.
    elif busy > ceil(given.usable_cpus) and (made.servers > 1 or made.verifiers > 1):
        text = f"{who} share {many(len(given.cpus), 'CPU')}: they take turns, and checks wait for theirs"
        servers = max(1, ceil(given.usable_cpus) - made.verifiers)
        yield found("cpus_short", text, f"servers: {servers}  # and `authz-sidecar envoy config` anew")


def _not_ours(given: Given, made: Made) -> Iterator[Finding]:
    quota = given.cpu_quota
    if len(given.cpus) >= given.machine_cpus:
        why = f"all {many(given.machine_cpus, 'CPU')} of the machine may be used, by others too"
    elif quota is not None and quota < len(given.cpus):
        why = f"{many(len(given.cpus), 'CPU')} with a quota of {quota:.3g} are shared with others"
    else:
        why = ""
    if why:
        text = f"servers and verifiers are pinned (cpu_affinity_enabled), and {why}: two sidecars pin to the same ones"
        change = f'limits: {{cpu: "{made.busy}"}}  # equal to requests, whole, under cpuManagerPolicy: static'
        yield found("cpus_not_exclusive", f"{text}; or set cpu_affinity_enabled: false", change)
    elif given.half_cores:
        text = (
            f"the cores of {_listed('CPU', given.half_cores)} are shared with somebody else: a thread that is busy "
            "takes up to half of what the other one gets done"
        )
        yield found("cpus_half_cores", text, 'cpuManagerPolicyOptions: {full-pcpus-only: "true"}')


def _nodes(given: Given, made: Made | None) -> Iterator[Finding]:
    if len(given.cpu_nodes) > 1 and not (made is not None and made.numa):
        text = (
            f"{_listed('CPU', given.cpus)} are on NUMA {_listed('node', given.cpu_nodes)}: half of what one process "
            "hands another crosses between them"
        )
        yield found("cpus_on_two_nodes", f"{text}; or set cpu_affinity_enabled and numa_aware_placement", _ONE_NODE)
    far = given.cpu_nodes - (given.memory_nodes or given.cpu_nodes)
    if far and given.memory_nodes is not None:
        text = (
            f"CPUs are on NUMA {_listed('node', far)}, and memory comes from {_listed('node', given.memory_nodes)}: "
            "every access is to a node further away"
        )
        yield found("memory_on_another_node", text, f"memoryManagerPolicy: Static  # with {_ONE_NODE}")


def _no_limit(given: Given, busy: int | None = None) -> str:
    wanted = busy or max(1, ceil(given.cpu_quota or 1))
    return f'resources: {{requests: {{cpu: "{wanted}"}}}}  # and no limits.cpu, or the same'


def _who(made: Made) -> str:
    if not made.multiprocessing:
        return "one process"
    verifiers = f" and {many(made.verifiers, 'verifier')}" if made.verifiers else ""
    return f"{many(made.servers, 'server')}{verifiers}"


def _listed(noun: str, numbers: AbstractSet[int]) -> str:
    return f"{noun}{'' if len(numbers) == 1 else 's'} {format_cpulist(numbers)}"
