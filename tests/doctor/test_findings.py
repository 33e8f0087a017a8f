"""Findings on scenarios: made, and just not made; each with its figures, and a line to change."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from sidecar.doctor.finding import findings
from sidecar.doctor.finding.kinds import KINDS, At, Severity
from sidecar.doctor.finding.places import may
from sidecar.doctor.snapshot import FileFact, Running, Snapshot
from support.snapshots import MIB, SOCKET, WELL, both, given, made, only, socket

_NODES = frozenset({0, 1})
_RUNS = Running(3, 0, 100 * MIB)


@dataclass(frozen=True)
class Case:
    """A snapshot with one finding, what its text and its change say, and snapshots without it."""

    wrong: Snapshot
    says: str
    change: str
    right: tuple[Snapshot, ...]


def _running(servers: int, memory: int | None = None) -> Snapshot:
    return replace(WELL, running=Running(servers, 0, memory))


CASES = {
    "cpu_throttled": Case(
        given(throttled_share=0.25, throttled_periods=30, throttled_seconds=2.5),
        "quota of 2 CPUs was used up in 25% of its periods so far, and threads stood still for 2.5 s",
        "no limits.cpu",
        (given(throttled_share=0.009, throttled_periods=1), given(throttled_share=None, throttled_seconds=None)),
    ),
    "cpu_quota_short": Case(
        both({"cpu_quota": 0.5, "usable_cpus": 0.5}, {"servers": 3, "verifiers": 1, "pinned": ()}),
        "a quota of 0.5 CPUs for 3 servers and 1 verifier",
        'requests: {cpu: "4"}',
        (
            both({"cpu_quota": 1.0, "usable_cpus": 1.0}, {"servers": 1, "pinned": ()}),
            both({"cpu_quota": None}, {"pinned": ()}),
            # The CPUs are what is too few, then.
            both({"cpu_quota": 2.0}, {"servers": 1, "verifiers": 1}),
        ),
    ),
    "cpus_short": Case(
        made(servers=3, verifiers=1),
        "3 servers and 1 verifier share 2 CPUs",
        "servers: 1 ",
        (
            made(servers=1, verifiers=1),
            both({"cpus": frozenset({2}), "usable_cpus": 1.0, "cpu_quota": None}, {"servers": 1, "verifiers": 1}),
            both({"usable_cpus": 1.5, "cpu_quota": None}, {"servers": 2}),
            made(servers=3, verifiers=1, multiprocessing=False),
        ),
    ),
    "cpus_not_exclusive": Case(
        given(machine_cpus=2),
        "all 2 CPUs of the machine may be used",
        'limits: {cpu: "2"}',
        (given(machine_cpus=3), both({"machine_cpus": 2}, {"affinity": False, "pinned": ()})),
    ),
    "cpus_half_cores": Case(
        given(half_cores=frozenset({2, 3})),
        "the cores of CPUs 2-3 are shared",
        'full-pcpus-only: "true"',
        (both({"half_cores": frozenset({2})}, {"pinned": ()}),),
    ),
    "cpus_on_two_nodes": Case(
        given(cpu_nodes=_NODES),
        "CPUs 2-3 are on NUMA nodes 0-1",
        "topologyManagerPolicy: single-numa-node",
        (both({"cpu_nodes": _NODES}, {"numa": True}),),
    ),
    "memory_on_another_node": Case(
        given(memory_nodes=frozenset({1})),
        "CPUs are on NUMA node 0, and memory comes from node 1",
        "memoryManagerPolicy: Static",
        (given(memory_nodes=None), given(memory_nodes=frozenset({0}))),
    ),
    "servers_changed": Case(
        _running(3),
        "3 servers run, and what is given now would make 2",
        "servers: 2 ",
        (_running(2), replace(made(servers_configured=True), running=_RUNS)),
    ),
    "memory_over_limit": Case(
        given(memory_limit_bytes=231 * MIB),
        "232 MiB are expected when caches are full, 100% of the limit of 231 MiB; 32 MiB of it is shared memory",
        "limits: {memory: 288Mi}",
        (given(memory_limit_bytes=None), given(memory_limit_bytes=384 * MIB)),
    ),
    "memory_tight": Case(
        given(memory_limit_bytes=232 * MIB),
        "or set shared_memory_size: 8MiB",
        "limits: {memory: 288Mi}",
        (given(memory_limit_bytes=258 * MIB),),
    ),
    "buffers_over_limit": Case(
        made(buffer_bytes=384 * MIB + 1),
        "each of 2 servers may hold 384 MiB",
        "max_total_buffer_bytes: 48MiB",
        (made(buffer_bytes=384 * MIB), made(buffer_bytes=None)),
    ),
    "memory_kills_all": Case(
        given(memory_kills_all=True), "memory.oom.group", "singleProcessOOMKill: true", (given(memory_kills_all=None),)
    ),
    "open_files_short": Case(
        given(open_files=383),
        "383 open files, and native.max_connections of 256 take 384: a server takes no more connections than 255",
        "LimitNOFILE=384",
        (given(open_files=384), given(open_files=None), both({"open_files": 4}, {"connections": None})),
    ),
    "file_unreadable": Case(
        replace(WELL, files=(FileFact("tls.key_file", "/certs/key", "permission denied"),)),
        "tls.key_file: /certs/key: permission denied",
        "tls.key_file",
        (replace(WELL, files=(FileFact("tls.key_file", "/certs/key", ""),)),),
    ),
    "socket_folder": Case(
        socket(writable=False, folder_mode=0o755, folder_group=0, envoy=None),
        "/run/authz: user 65532 may make no sockets there (mode 0755, owner 0:0)",
        "fsGroup: 65532",
        (replace(WELL, socket=None),),
    ),
    "socket_group": Case(
        socket(group=None, group_setting="envoy"),
        "native.socket_group: envoy: there is no such group",
        "socket_group",
        (socket(group_setting="65532"),),
    ),
    "envoy_locked_out": Case(
        socket(envoy=(101, (101,)), folder_mode=0o777),
        "Envoy's user 101:101 may not connect to sockets of 65532:65532 with mode 0660",
        'socket_mode: "0666"',
        (socket(envoy=(101, (101,)), folder_mode=0o777, mode=0o666), socket(envoy=(0, (0,))), socket(envoy=None)),
    ),
    "clock_unsynchronised": Case(
        given(clock_synchronised=False),
        "the clock is synchronised with nothing",
        "NTP",
        (given(clock_synchronised=None),),
    ),
    "configuration": Case(replace(WELL, warnings=("a key is left out",)), "a key is left out", "as it says", ()),
}


def test_every_kind_has_a_case() -> None:
    """No finding is without one."""
    assert set(CASES) == set(KINDS)


def test_nothing_is_wrong() -> None:
    """Where all is well nothing is found, nor where there is no configuration to hold against it."""
    assert findings(WELL) == []
    assert findings(Snapshot(WELL.given)) == []


@pytest.mark.parametrize("name", CASES)
def test_made(name: str) -> None:
    """It is the only one, says its figures and what to change, and has its kind's severity and place."""
    case, kind = CASES[name], KINDS[name]
    found = only(case.wrong)
    assert (found.id, found.severity, found.at) == (name, kind.severity, kind.at)
    assert case.says in found.text
    assert case.change in found.change


@pytest.mark.parametrize("name", CASES)
def test_just_not_made(name: str) -> None:
    """A little less, or something else of it, and it is not found."""
    for snapshot in CASES[name].right:
        assert name not in {one.id for one in findings(snapshot)}, snapshot


def _http(**members: Any) -> Snapshot:  # noqa: ANN401 - any field
    """Return one whose sockets for HTTP alone are wrong."""
    return replace(WELL, forward_auth_socket=replace(SOCKET, room="forward_auth", folder="/run/http", **members))


@pytest.mark.parametrize(
    ("snapshot", "name", "says"),
    [
        (
            both({"cpu_quota": 0.5, "usable_cpus": 0.5}, {"multiprocessing": False, "pinned": ()}),
            "cpu_quota_short",
            "one process",
        ),
        (given(cpu_quota=1.5), "cpus_not_exclusive", "2 CPUs with a quota of 1.5 are shared"),
        (given(cpu_nodes=_NODES, memory_nodes=frozenset({0})), "memory_on_another_node", "CPUs are on NUMA node 1"),
        (_running(2, 400 * MIB), "memory_over_limit", "400 MiB are expected"),
        (socket(exists=False), "socket_folder", "/run/authz: there is no such folder"),
        (_http(exists=False), "socket_folder", "/run/http: there is no such folder"),
        (
            _http(group=None, group_setting="www"),
            "socket_group",
            "forward_auth.socket_group: www: there is no such group",
        ),
        (socket(group=5, group_setting="tty", is_member=False), "socket_group", "65532 is no member"),
        (socket(folder_mode=0o700, folder_user=65532), "envoy_locked_out", "may not enter /run/authz (mode 0700"),
    ],
)
def test_other_ways_to_be_wrong(snapshot: Snapshot, name: str, says: str) -> None:
    """The same kind for another cause says that cause."""
    assert any(says in one.text for one in findings(snapshot) if one.id == name)


def test_cache_that_alone_is_too_large() -> None:
    """Where no cache would be small enough none is proposed: the limit is what has to change."""
    found = only(given(memory_limit_bytes=100 * MIB))
    assert "shared_memory_size" not in found.text
    assert found.change == "limits: {memory: 288Mi}"


@pytest.mark.parametrize("limit", range(1, 400, 7))
def test_what_is_proposed_is_enough(limit: int) -> None:
    """With the limit that is proposed, or the cache, memory is not tight any more."""
    for one in findings(given(memory_limit_bytes=limit * MIB)):
        if one.id in {"memory_over_limit", "memory_tight"}:
            proposed = int(one.change.removeprefix("limits: {memory: ").removesuffix("Mi}"))
            assert _memory(given(memory_limit_bytes=proposed * MIB)) == set()
            _, is_proposed, cache = one.text.partition("set shared_memory_size: ")
            if is_proposed:
                smaller = int(cache.removesuffix("MiB")) * MIB
                parts = (replace(WELL.made.memory[0], shared_bytes=smaller), WELL.made.memory[1]) if WELL.made else ()
                assert (
                    _memory(both({"memory_limit_bytes": limit * MIB}, {"memory": parts, "cache_bytes": smaller}))
                    == set()
                )


def _memory(snapshot: Snapshot) -> set[str]:
    return {one.id for one in findings(snapshot)} & {"memory_over_limit", "memory_tight"}


def test_worst_first() -> None:
    """What keeps it from working comes before what makes it slow."""
    found = findings(
        replace(given(clock_synchronised=False, half_cores=frozenset({2})), socket=socket(exists=False).socket)
    )
    assert [one.severity for one in found] == [Severity.CRITICAL, Severity.WARNING, Severity.WARNING]
    assert found[0].at is At.CONTAINER


@pytest.mark.parametrize(
    ("user", "groups", "allowed"),
    [(7, (1,), False), (1, (7,), True), (1, (1,), False), (7, (7,), False), (0, (1,), True)],
)
def test_the_first_that_is_about_the_user_decides(user: int, groups: tuple[int, ...], allowed: bool) -> None:  # noqa: FBT001 - a case
    """An owner who may not is not helped by his group, and a member not by what others may."""
    assert may(user, groups, (7, 7, 0o060), (0o200, 0o020, 0o002)) is allowed
