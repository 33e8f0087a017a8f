"""A machine on which nothing is wrong, for tests of findings: each changes what is to be wrong."""

from dataclasses import replace
from typing import Any

from sidecar.doctor.finding import findings
from sidecar.doctor.finding.kinds import Finding
from sidecar.doctor.snapshot import Given, Made, Pinned, Share, Snapshot, SocketFact

MIB = 1024**2

GIVEN = Given(
    cpus=frozenset({2, 3}),
    cpuset=frozenset({2, 3}),
    machine_cpus=8,
    cpu_quota=2.0,
    usable_cpus=2.0,
    cpu_nodes=frozenset({0}),
    memory_nodes=frozenset({0, 1}),
    half_cores=frozenset(),
    throttled_share=0.0,
    throttled_periods=0,
    throttled_seconds=0.0,
    memory_limit_bytes=384 * MIB,
    memory_used_bytes=100 * MIB,
    memory_kills_all=False,
    open_files=1024,
    clock_synchronised=True,
)
MADE = Made(
    multiprocessing=True,
    servers=2,
    verifiers=0,
    verifiers_max=None,
    minters=0,
    servers_configured=False,
    affinity=True,
    numa=False,
    pinned=(Pinned("server-0", 2, 0), Pinned("server-1", 3, 0)),
    memory=(Share("identity cache", 32 * MIB, 0), Share("processes", 0, 200 * MIB)),
    cache_bytes=32 * MIB,
    buffer_bytes=32 * MIB,
    connections=256,
)
SOCKET = SocketFact(
    room="native",
    folder="/run/authz",
    exists=True,
    writable=True,
    folder_mode=0o770,
    folder_user=0,
    folder_group=65532,
    mode=0o660,
    user=65532,
    group=65532,
    is_member=True,
    group_setting="",
    envoy=(101, (101, 65532)),
)
WELL = Snapshot(GIVEN, MADE, socket=SOCKET)


def given(**members: Any) -> Snapshot:  # noqa: ANN401 - any field
    """Return it with something else given."""
    return replace(WELL, given=replace(GIVEN, **members))


def made(**members: Any) -> Snapshot:  # noqa: ANN401 - any field
    """Return it with something else made."""
    return replace(WELL, made=replace(MADE, **members))


def socket(**members: Any) -> Snapshot:  # noqa: ANN401 - any field
    """Return it with another place of the sockets."""
    return replace(WELL, socket=replace(SOCKET, **members))


def both(of_given: dict[str, Any], of_made: dict[str, Any]) -> Snapshot:
    """Return it with something else given, and something else made of it."""
    return replace(WELL, given=replace(GIVEN, **of_given), made=replace(MADE, **of_made))


def only(snapshot: Snapshot) -> Finding:
    """Return the one finding that there is."""
    (found,) = findings(snapshot)
    return found
