"""From counters, scoreboard and what control knows to samples and moments of the report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.hooking.facts import HookFacts
from sidecar.hooks.declaration import Declaration
from sidecar.memory.scoreboard import Overall, State
from sidecar.observe.bundle import BundleFacts
from sidecar.observe.facts import Facts, RevocationFacts
from sidecar.observe.hook_meter import HOOK_CALL, HOOK_DURATION, HOOK_RESULT
from sidecar.observe.hook_series import HookEnd
from sidecar.observe.key_sets import Fetching, KeySetFacts, KeyTimes
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Failure, Pool
from sidecar.observe.pools import PoolFacts, PoolSize
from sidecar.observe.process_meter import CPU_TIME, LOOP_LAG
from sidecar.observe.processes import ProcessFacts
from sidecar.observe.series import (
    CHECK_DURATION,
    EVICTION,
    LOOKUP,
    RELOAD,
    SHED,
    VERIFICATION,
    Lookup,
    Reload,
    Route,
    Tier,
    Verification,
)
from sidecar.placement.plan import ANYWHERE
from sidecar.report.sample import Moment
from sidecar.report.standing import AdminToken
from sidecar.runtime.control.moment import Place, moment
from sidecar.runtime.control.sampling import Sampler, There
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.settings import Settings
from support.boards import NAMES, NOW, Shared, all_well, report, shared, supervised

_ROLES = (Role.CONTROL, Role.SERVER, Role.SERVER, Role.VERIFIER)
_FLEET = Fleet(
    tuple(Member(index, role, index == 2, ANYWHERE) for index, role in enumerate(_ROLES)),
    servers=2,
    verifiers=1,
    jwt_verifiers=0,
)
_ISSUER = "https://idp.example"
_VALUES: dict[str, Any] = {
    "issuers": [{"issuer": _ISSUER, "audiences": ["a"], "keys": {"url": "https://idp.example/keys"}}],
    "shared_memory_size": "2MiB",
    "cache": {"local_entries": 77},
}


def _settings(**others: Any) -> Settings:  # noqa: ANN401 - any field
    return Settings.model_validate(_VALUES | others)


def _moment(
    one: Shared, folder: Path, settings: Settings, facts: Facts | None = None, hooks: tuple[HookFacts, ...] = ()
) -> Moment:
    place = Place(_FLEET, one.scoreboard, folder, hooks, "1.2.3")
    return moment(place, settings, Facts() if facts is None else facts, lambda: NOW)


def _hook(call: str, *, is_async: bool, **declared: Any) -> HookFacts:  # noqa: ANN401 - of the declaration
    return HookFacts(call, "00", "file", is_async, Declaration(**declared))


_CHECKS = {
    ("allowed", "allowed", "https://idp.example", "orders"): 1,
    ("denied", "overloaded", "", ""): 1,
    ("denied", "overloaded", "https://idp.example", ""): 1,
    ("would_deny", "no_credential", "", ""): 3,
}


def test_sample_is_the_sum_of_all_rows() -> None:
    """What each process counted is added up, under the names that the metrics have."""
    with shared() as one:
        for index in (1, 2):
            row = one.table.row(index)
            row.observe(CHECK_DURATION, 0.0002)
            for labels, count in _CHECKS.items():
                row.words[row.labelled.number(labels)] += count
            row.add(LOOKUP[Tier.L2, Lookup.TORN], 4)
            row.add(EVICTION[Tier.L1], 5)
            row.add(VERIFICATION[Route.POOL, Verification.VALID], 6)
            row.add(SHED, 7)
            row.add(HOOK_CALL[1], 8)
            row.observe(HOOK_DURATION[1], 0.002, HOOK_RESULT[1, HookEnd.DENY])
        one.table.row(0).add(RELOAD[Reload.REFUSED])
        all_well(one.scoreboard)
        one.scoreboard.write_supervised(1, supervised(restarts=9))
        found = Sampler(one.table, one.scoreboard, NAMES, ["first:hook", "second:hook"]).sample(5.0)
    assert found.at == 5.0
    assert found.checks == {
        ("allowed", "allowed"): 2,
        ("denied", "overloaded"): 4,
        ("would_deny", "no_credential"): 6,
    }
    assert found.issuers == {
        ("https://idp.example", "allowed"): 2,
        ("https://idp.example", "denied"): 2,
        ("", "denied"): 2,
        ("", "would_deny"): 6,
    }
    assert found.policies == {("orders", "allowed"): 2, ("", "denied"): 4, ("", "would_deny"): 6}
    assert sum(found.durations.buckets) == 2
    assert found.durations.sum == pytest.approx(0.0004)
    assert (found.lookups["l2", "torn"], found.evictions["l1"], found.verifications["pool", "valid"]) == (8, 10, 12)
    assert (found.shed, found.events["reloads", "refused"]) == (14, 1)
    assert [(name, hook.calls, hook.results["deny"]) for name, hook in found.hooks.items()] == [
        ("first:hook", 0, 0),
        ("second:hook", 16, 2),
    ]
    assert sum(found.hooks["second:hook"].durations.buckets) == 2
    assert [found.processes[name].restarts for name in NAMES] == [2, 9, 2, 2]


def test_pools_processes_and_machine_are_in_a_sample() -> None:
    """What those who ask of pools count, and what those who work do, is one pool; CPU time is each process's own."""
    with shared() as one:
        asked, works = PoolMeter(one.table.row(1), Pool.VERIFIER), PoolMeter(one.table.row(3), Pool.VERIFIER)
        asked.publish(7, {Failure.FULL: 2, Failure.LATE: 1})
        for jobs in (3, 5):
            works.worked(jobs, 0.25)
            works.waited(0.002)
        one.table.row(3).add(CPU_TIME, 1_500_000_000)
        one.table.row(0).observe(LOOP_LAG, 0.02)
        found = Sampler(one.table, one.scoreboard, NAMES, [], [Pool.VERIFIER, Pool.HASH]).sample(5.0)
    verifier, hashing = found.pools["verifier"], found.pools["hash"]
    assert (verifier.tasks, verifier.failed, verifier.busy_seconds) == (10, 3, 0.5)
    assert (verifier.handovers, verifier.shed) == (2, 2)
    assert verifier.waits is not None
    assert sum(verifier.waits.buckets) == 2
    assert (hashing.tasks, hashing.waits, hashing.handovers) == (0, None, None)
    assert [found.processes[name].cpu_seconds for name in NAMES] == [0, 0, 0, 1.5]
    assert found.loop_lag is not None
    assert sum(found.loop_lag.buckets) == 1
    assert found.machine is not None
    assert 0 < found.machine.busy_seconds < found.machine.all_seconds


def test_what_is_measured_now(tmp_path: Path) -> None:
    """Pools and processes stand as control has measured them; of what it has not nothing is told."""
    facts = Facts(
        pools=[PoolFacts(Pool.VERIFIER, 3, 0.5, 4), PoolFacts(Pool.HASH, 1)],
        processes=[
            ProcessFacts(_FLEET.members[2].name, 1.0, 2_000_000, 1_000_000, 0.25),
            ProcessFacts("supervisor", 1.0),
        ],
    )
    with shared() as one:
        found = _moment(one, tmp_path, _settings(), facts)
    assert (found.workers, found.queue_depths) == ({"verifier": 3, "hash": 1}, {"verifier": 4})
    measured = {one.name: (one.rss_bytes, one.pss_bytes, one.loop_lag_seconds) for one in found.processes}
    assert measured.pop(_FLEET.members[2].name) == (2_000_000, 1_000_000, 0.25)
    assert set(measured.values()) == {(None, None, None)}


def test_processes(tmp_path: Path) -> None:
    """Each is as the scoreboard has it; of whom nothing is known nothing is told."""
    with shared() as one:
        one.scoreboard.write_overall(Overall(1, NOW, 5, draining=True))
        one.scoreboard.write_supervised(1, supervised())
        one.scoreboard.write_report(1, report())
        one.scoreboard.write_supervised(2, supervised(pid=None, crash_loop=True))
        one.scoreboard.write_supervised(3, supervised())
        one.scoreboard.write_report(3, report(state=State.STARTING))
        found = _moment(one, tmp_path, _settings())
    unknown, server, gone, starting = found.processes
    assert found.draining
    assert (unknown.name, unknown.role, unknown.up, unknown.pid, unknown.state) == (
        "control",
        "control",
        False,
        None,
        None,
    )
    assert (server.up, server.state, server.pid, server.connections) == (True, "ready", 42, 7)
    assert (server.age_seconds, server.heartbeat_age_seconds) == (NOW - 10.0, 0.5)
    assert (gone.up, gone.crash_loop, gone.pid) == (False, True, None)
    assert (starting.up, starting.state) == (False, "starting")


def test_verifiers_whose_number_changes(tmp_path: Path) -> None:
    """There are as many as there are to be now, within bounds; one that rests is no process, one that leaves is."""
    size = PoolSize(Pool.VERIFIER, 2, 1, 4, 3, 2)
    with shared() as one:
        all_well(one.scoreboard)
        one.scoreboard.write_report(3, report(state=State.DRAINING))
        leaving = _moment(one, tmp_path, _settings(), Facts(pool_size=size))
        one.scoreboard.write_supervised(3, supervised(pid=None, resting=True))
        found = _moment(one, tmp_path, _settings(), Facts(pool_size=size))
    assert (found.setup.verifiers, found.setup.verifiers_min, found.setup.verifiers_max) == (2, 1, 4)
    assert [process.state for process in leaving.processes if process.role == "verifier"] == ["draining"]
    assert [process.role for process in found.processes] == ["control", "server", "server"]


def test_how_long_processes_were_there() -> None:
    """Of a pool whose size changes the time of all its processes is added up, by which it is busy or not."""
    counts = [1, 3, 0]
    with shared() as one:
        there = {Pool.VERIFIER: There(lambda: counts[0])}
        sampler = Sampler(one.table, one.scoreboard, NAMES, [], [Pool.VERIFIER, Pool.HASH], there=there)
        found = []
        for at in (10.0, 15.0, 20.0):
            found.append(sampler.sample(at).pools)
            counts.pop(0)
            counts.append(0)
    assert [pools["verifier"].there_seconds for pools in found] == [0.0, 5.0, 20.0]
    assert {pools["hash"].there_seconds for pools in found} == {None}


def test_setup(tmp_path: Path) -> None:
    """What it runs with is what the configuration and the fleet say; a limit of CPUs that there is counts."""
    facts = Facts(b"\xab" * 32, cache_slots={"positive": 900, "negative": 100}, dry_run=True)
    with shared() as one:
        found = _moment(one, tmp_path, _settings(), facts)
    setup = found.setup
    assert (setup.servers, setup.verifiers, setup.shared_memory_bytes, setup.local_entries) == (2, 1, 2 << 20, 77)
    assert (setup.cache_slots, setup.dry_run, setup.admin_token) == (900, True, AdminToken.NONE)
    assert setup.cpus is not None
    assert 0 < setup.cpus <= (setup.machine_cpus or 0)
    assert found.trust_digest == "ab" * 8


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, AdminToken.NONE),
        ("short", AdminToken.NONE),
        ("changeme" * 8, AdminToken.WEAK),
        ("5d41402abc4b2a76b9719d911017c592e99a18c428cb38d5f260853678922e03", AdminToken.GOOD),
    ],
)
def test_bearer_token(tmp_path: Path, token: str | None, said: AdminToken) -> None:
    """It is said whether it could be guessed, and not a character of it."""
    if token is not None:
        (tmp_path / "token").write_text(token, encoding="ascii")
    settings = _settings(admin={"listen": "unix:/run/a.sock", "bearer_token_file": "token"})
    with shared() as one:
        found = _moment(one, tmp_path, settings)
    assert found.setup.admin_token is said
    assert token is None or token not in repr(found)


def test_hook_limits(tmp_path: Path) -> None:
    """A plain function has its budget; one that waits, or has its own process, its time-out or the declared one."""
    hooks = (
        _hook("m:plain", is_async=False),
        _hook("m:waits", is_async=True),
        _hook("m:works", is_async=False, cpu_bound=True, timeout=0.5),
    )
    with shared() as one:
        found = _moment(one, tmp_path, _settings(hooks=[hook.call for hook in hooks]), hooks=hooks)
    assert found.setup.hook_limits == {"m:plain": 0.02, "m:waits": 0.1, "m:works": 0.5}


def test_keys_revocation_and_bundle(tmp_path: Path) -> None:
    """They stand as control knows them, ages as shares of what is allowed, expiries as seconds from now."""
    keys = {"k1": KeyTimes(), "k2": KeyTimes()}
    fetched = KeySetFacts(_ISSUER, keys, fetching=Fetching(21600.0, 2, {}, 4e9))
    facts = Facts(
        revocation=RevocationFacts(5, 20, 1, vouched=True, feed_connected=False, feed_lag=7.0, feed_gaps=1),
        key_sets=[fetched, KeySetFacts("https://other.example", {}), replace(fetched, issuer="gone")],
        bundle=BundleFacts("rules", True, 3, 5.0, None, 4e9, 1, {}),  # noqa: FBT003 - in force
        reload_ok=False,
        certificates={"admin": 4e9},
    )
    with shared() as one:
        found = _moment(one, tmp_path, _settings(), facts)
    first, other, gone = found.key_sets
    assert (first.keys, first.stale_share, first.failures_in_a_row) == (2, 0.25, 2)
    assert (first.certificate_expires_in_seconds or 0) > 0
    assert (other.keys, other.age_seconds, other.failures_in_a_row) == (0, None, None)
    assert (gone.age_seconds, gone.max_stale_seconds, gone.stale_share) == (21600.0, None, None)
    assert found.revocation is not None
    assert (found.revocation.full_share, found.revocation.feed_connected, found.revocation.feed_gaps) == (
        0.25,
        False,
        1,
    )
    assert found.bundle is not None
    assert (found.bundle.version, found.bundle.in_force, found.bundle.failures_in_a_row) == (3, True, 1)
    assert found.reload_ok is False
    assert [(one.listener, one.setting) for one in found.certificates] == [("admin", "admin.tls.certificate_file")]
    assert found.certificates[0].expires_in_seconds > 0
