"""Advice on scenarios: given, not given, and just not given; with its evidence, and a setting that would take it."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sidecar.loading.environment import variables
from sidecar.report.advice.kinds import KINDS
from sidecar.report.model import Advice
from sidecar.report.sample import HookTotals, Moment, PoolTotals
from sidecar.report.standing import AdminToken, BundleStanding, KeySetStanding, RevocationStanding
from sidecar.settings import Settings
from support.reports import SETUP, Load, advice_of, after, moment, seen

_IDLE = {"server-0": 0.2, "server-1": 0.2}
_BUSY = {"server-0": 0.9, "server-1": 0.9}


def _checks(reason: str, denied: int, allowed: int = 1000, **others: Any) -> Load:  # noqa: ANN401 - any field
    return Load(checks={("allowed", "allowed"): allowed, ("denied", reason): denied}, **others)


def _pool(name: str, busy: float, cpu: dict[str, float] | None = None, machine: float | None = None) -> Load:
    pool = PoolTotals(1000, 0, busy * 300.0, seen(900, 100))
    return Load(pools={name: pool}, cpu=_IDLE if cpu is None else cpu, machine=machine)


def _caches(l1: tuple[int, int], l2: tuple[int, int], torn: int = 0, **others: Any) -> Load:  # noqa: ANN401 - the same
    found = dict(zip((("l1", "hit"), ("l1", "miss"), ("l2", "hit"), ("l2", "miss")), (*l1, *l2), strict=True))
    return Load(lookups=found | {("l2", "torn"): torn}, **others)


def _with(**members: Any) -> Moment:  # noqa: ANN401 - fields of the set-up
    return moment(replace(SETUP, **members))


def _keys(**members: Any) -> Moment:  # noqa: ANN401 - the same
    found = KeySetStanding("https://idp.example", 2, 100.0, 1000.0, 0.1, 0, 30 * 86400.0)
    return moment(key_sets=(replace(found, **members),))


def _list(**members: Any) -> Moment:  # noqa: ANN401 - the same
    found = RevocationStanding(10, 1000, 0.01, complete=True, feed_connected=True, feed_lag_seconds=1.0, feed_gaps=0)
    return moment(revocation=replace(found, **members))


def _bundle(*, in_force: bool, failures: int) -> Moment:
    return moment(bundle=BundleStanding("rules", in_force, 3, 5.0, None, failures))


def _hook(durations: tuple[int, ...], results: dict[str, int], moved: int = 0) -> Load:
    return Load(hooks={"mine:hook": HookTotals(1000, 0, results, seen(*durations), moved)})


def _looping(*, crash_loop: bool) -> Moment:
    found = moment()
    return replace(found, processes=tuple(replace(one, crash_loop=crash_loop) for one in found.processes))


@dataclass(frozen=True)
class Case:
    """A load and a moment that lead to advice, and others that do not, most of them by a little."""

    load: Load = field(default_factory=Load)
    at: Moment = field(default_factory=moment)
    seconds: float = 300.0
    not_loads: tuple[Load, ...] = ()
    not_at: tuple[Moment, ...] = ()


_NO_CPU = {"server-0": 1.6, "server-1": 1.6, "verifier-0": 0.8}
CASES = {
    "verifiers_too_few": Case(
        _pool("verifier", 0.92),
        not_loads=(_pool("verifier", 0.79), _pool("hash", 0.92), _pool("verifier", 0.92, _NO_CPU)),
    ),
    "verifiers_max_too_low": Case(
        _pool("verifier", 0.92),
        _with(verifiers_min=1, verifiers_max=1),
        not_loads=(_pool("verifier", 0.79), _pool("verifier", 0.92, _NO_CPU)),
        not_at=(moment(), _with(verifiers_min=1, verifiers_max=2)),
    ),
    "minters_too_few": Case(_pool("minter", 0.92), _with(minters=1), not_loads=(_pool("minter", 0.79),)),
    "hook_workers_too_few": Case(
        # One more is one more in each of the two servers.
        _pool("hook", 1.84),
        not_loads=(_pool("hook", 1.5), _pool("hook", 1.84, machine=2.5)),
    ),
    "verifiers_idle": Case(
        _pool("verifier", 0.009, _NO_CPU),
        seconds=900.0,
        not_loads=(_pool("verifier", 0.011, _NO_CPU), _pool("verifier", 0.009)),
    ),
    "verifiers_min_too_high": Case(
        _pool("verifier", 0.018, _NO_CPU),
        _with(verifiers=2, verifiers_min=2, verifiers_max=4),
        seconds=900.0,
        not_loads=(_pool("verifier", 0.022, _NO_CPU), _pool("verifier", 0.018)),
        not_at=(
            _with(verifiers=3, verifiers_min=2, verifiers_max=4),
            _with(verifiers=2),
            _with(verifiers=1, verifiers_min=1, verifiers_max=4),
        ),
    ),
    "servers_too_few": Case(
        Load(cpu={"server-0": 0.95, "server-1": 0.76}),
        not_loads=(Load(cpu={"server-0": 0.95, "server-1": 0.74}), Load(cpu=_BUSY, machine=3.5), Load()),
        not_at=(_with(multiprocessing=False),),
    ),
    "single_process": Case(
        Load(cpu=_BUSY), _with(multiprocessing=False), not_loads=(Load(cpu=_IDLE), Load(cpu=_BUSY, machine=3.5))
    ),
    "too_many_processes": Case(
        at=_with(servers=4, verifiers=1, cpus=4.0),
        not_at=(
            _with(servers=3, verifiers=1, cpus=4.0),
            _with(servers=4, verifiers=1, cpus=4.5),
            _with(servers=1, verifiers=1, cpus=1.0),
            _with(servers=9, verifiers=9, cpus=None),
            _with(servers=4, verifiers=1, cpus=4.0, multiprocessing=False),
        ),
    ),
    "cpus_too_few": Case(
        Load(cpu=_BUSY, machine=3.5), not_loads=(Load(cpu=_BUSY, machine=2.5), Load(cpu=_IDLE, machine=3.5))
    ),
    "uneven_load": Case(
        Load(cpu={"server-0": 0.9, "server-1": 0.44}),
        not_loads=(Load(cpu={"server-0": 0.84, "server-1": 0.0}), Load(cpu={"server-0": 0.9, "server-1": 0.45})),
    ),
    "loop_lag": Case(
        Load(loop_lag=seen(980, 0, 20), cpu=_IDLE),
        not_loads=(
            Load(loop_lag=seen(980, 0, 20), cpu=_BUSY),
            Load(loop_lag=seen(980, 0, 20)),
            Load(loop_lag=seen(991, 9), cpu=_IDLE),
        ),
    ),
    "crash_loop": Case(at=_looping(crash_loop=True), seconds=0.0, not_at=(_looping(crash_loop=False),)),
    "restarts": Case(
        Load(restarts={"server-0": 3}), not_loads=(Load(restarts={"server-0": 2}),), not_at=(_looping(crash_loop=True),)
    ),
    "memory_short": Case(
        at=moment(memory_used_bytes=966_367_642), not_at=(moment(memory_used_bytes=966_367_641), moment())
    ),
    "shared_cache_small": Case(
        _caches((0, 2000), (1000, 1000), evictions={"l2": 100}),
        not_loads=(
            _caches((0, 2000), (1000, 1000), evictions={"l2": 99}),
            _caches((0, 99), (0, 99), evictions={"l2": 99}),
        ),
    ),
    "local_cache_small": Case(
        _caches((9000, 1000), (500, 500), evictions={"l1": 100}),
        not_loads=(
            _caches((9000, 1000), (500, 500), evictions={"l1": 99}),
            _caches((9000, 1000), (499, 501), evictions={"l1": 100}),
        ),
        not_at=(_with(local_entries=0), _with(local_entries=1_000_000)),
    ),
    "local_cache_off": Case(
        _caches((0, 0), (29_000, 1000)),
        _with(local_entries=0),
        not_loads=(_caches((0, 0), (28_000, 1000)),),
        not_at=(moment(),),
    ),
    "torn_reads": Case(_caches((0, 10_000), (9990, 0), torn=10), not_loads=(_caches((0, 10_000), (9991, 0), torn=9),)),
    "tokens_hardly_reused": Case(
        _caches((400, 600), (0, 600), verifications={("inline", "valid"): 600}, checks={("allowed", "allowed"): 1000}),
        not_loads=(
            _caches((500, 500), (0, 500), verifications={("inline", "valid"): 500}),
            # An attacker's tokens are never found; nor are those for which there is no room.
            _caches((400, 600), (0, 600), verifications={("inline", "valid"): 300, ("inline", "invalid"): 300}),
            _caches((400, 600), (0, 600), verifications={("inline", "valid"): 600}, evictions={"l2": 100}),
        ),
    ),
    "attack": Case(
        _checks("bad_signature", 112),
        not_loads=(_checks("bad_signature", 110), _checks("unknown_key", 112), _checks("token_expired", 500)),
    ),
    "unknown_keys": Case(
        _checks("unknown_key", 112), not_loads=(_checks("unknown_key", 110), _checks("bad_signature", 112))
    ),
    "overloaded": Case(
        _checks("overloaded", 2, 1998, shed=2),
        not_loads=(_checks("overloaded", 1, 1999, shed=1), _checks("bad_signature", 500, shed=200)),
    ),
    "overloaded_at_times": Case(
        _checks("overloaded", 2, 1998, shed=2),
        _with(verifiers_min=1, verifiers_max=4),
        not_loads=(_checks("overloaded", 1, 1999, shed=1),),
        not_at=(moment(),),
    ),
    "deadlines": Case(_checks("deadline_exceeded", 10, 990), not_loads=(_checks("deadline_exceeded", 9, 991),)),
    "grpc_errors": Case(
        Load(events={("grpc_errors", "internal"): 2}),
        not_loads=(Load(events={("grpc_errors", "not_found"): 2}), Load()),
    ),
    "forged_revocations": Case(
        Load(events={("revocations", "feed_forged"): 1}),
        _list(),
        not_loads=(Load(events={("revocations", "feed_refused"): 1}),),
        not_at=(moment(),),
    ),
    "envoy_config_stale": Case(_checks("envoy_config_stale", 1, 0), not_loads=(_checks("overloaded", 1, 0),)),
    "introspection_failing": Case(
        Load(
            events={
                ("introspections", "failed"): 60,
                ("introspections", "rejected"): 40,
                ("introspections", "answered"): 900,
            }
        ),
        not_loads=(
            Load(events={("introspections", "failed"): 99, ("introspections", "answered"): 901}),
            Load(events={("introspections", "failed"): 99}),
        ),
    ),
    "signing_failing": Case(
        _checks("assertion_unavailable", 10, 990), not_loads=(_checks("assertion_unavailable", 9, 991),)
    ),
    "keys_stale": Case(
        at=_keys(stale_share=0.5),
        seconds=0.0,
        not_at=(_keys(stale_share=0.49), _keys(stale_share=None, failures_in_a_row=2)),
    ),
    "certificate_expiry": Case(
        at=_keys(certificate_expires_in_seconds=-5.0),
        seconds=0.0,
        not_at=(_keys(certificate_expires_in_seconds=14 * 86400.0), _keys(certificate_expires_in_seconds=None)),
    ),
    "feed_lagging": Case(
        at=_list(feed_lag_seconds=30.0),
        seconds=0.0,
        not_at=(_list(feed_lag_seconds=29.0), _list(feed_connected=None), moment()),
    ),
    "denylist_full": Case(
        at=_list(entries=800), seconds=0.0, not_at=(_list(entries=799), _list(entries=10**8, capacity=10**8))
    ),
    "bundle_stale": Case(
        at=_bundle(in_force=True, failures=3), seconds=0.0, not_at=(_bundle(in_force=True, failures=2), moment())
    ),
    "hook_slow": Case(
        _hook((0, 0, 1000), {"allow": 1000}),
        not_loads=(_hook((1000,), {"allow": 1000}),),
        not_at=(_with(hook_limits={}),),
    ),
    "hook_failing": Case(
        _hook((1000,), {"allow": 990, "shed": 10}), not_loads=(_hook((1000,), {"allow": 991, "shed": 9}),)
    ),
    "hook_moved": Case(_hook((1000,), {"allow": 1000}, moved=1), not_loads=(_hook((1000,), {"allow": 1000}),)),
    "dry_run": Case(at=_with(dry_run=True), seconds=0.0, not_at=(moment(),)),
    "admin_token_weak": Case(
        at=_with(admin_token=AdminToken.WEAK),
        seconds=0.0,
        not_at=(_with(admin_token=AdminToken.NONE), _with(admin_token=AdminToken.GOOD)),
    ),
}

#: What is so now needs no minutes.
_AT_ONCE = {name for name, case in CASES.items() if case.seconds == 0.0} | {
    "memory_short",
    "too_many_processes",
    "hook_moved",
}


def _given(kind: str) -> Advice:
    case = CASES[kind]
    found = [one for one in after(case.load, case.at, case.seconds).advice if one.id == kind]
    assert found, f"{kind} is not given"
    return found[0]


def test_all_advice_is_tested() -> None:
    """There is a scenario for each piece of advice."""
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_given(kind: str) -> None:
    """It is given where it helps, with a text that has no loose ends, and evidence unless it is a plain fact."""
    found = _given(kind)
    assert found.text
    assert "None" not in found.text
    assert found.evidence or kind in ("dry_run", "admin_token_weak")
    assert found.severity is KINDS[kind].severity


@pytest.mark.parametrize("kind", CASES)
def test_not_given(kind: str) -> None:
    """It is not given a little before its threshold, nor where something else is the matter."""
    case = CASES[kind]
    assert case.not_loads or case.not_at
    for load in case.not_loads:
        assert kind not in advice_of(after(load, case.at, case.seconds)), load
    for at in case.not_at:
        assert kind not in advice_of(after(case.load, at, case.seconds)), at


@pytest.mark.parametrize("kind", sorted(set(CASES) - _AT_ONCE))
def test_not_given_too_soon(kind: str) -> None:
    """40 s after the start nothing is advised that rests on rates."""
    case = CASES[kind]
    assert kind not in advice_of(after(case.load, case.at, 40.0))


_VARIABLES = dict(variables())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].setting])
def test_settings_are_there(kind: str) -> None:
    """The setting is one that there is, and so is its environment variable."""
    what = KINDS[kind]
    model: Any = Settings
    for part in what.setting.split("."):
        model = _model_in(model.model_fields[part.removesuffix("[]")].annotation)
    if what.variable and what.variable not in _VARIABLES:
        # What is below a section that need not be there has no variable of its own.
        assert what.setting.split(".")[0] in ("revocation", "policy_bundle"), what.variable


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    if hasattr(annotation, "model_fields"):
        return annotation
    found = [_model_in(one) for one in getattr(annotation, "__args__", ())]
    return next((one for one in found if one is not None), None)


@pytest.mark.parametrize("kind", CASES)
def test_what_is_proposed_would_be_taken(kind: str) -> None:
    """The proposed value is another one than the current, and one that the configuration takes."""
    found = _given(kind)
    if not found.proposed:
        return
    assert found.proposed != found.current
    values: dict[str, Any] = {}
    *path, last = found.setting.split(".")
    inner = values
    for part in path:
        inner = inner.setdefault(part, {})
    value = found.proposed
    inner[last] = {"true": True, "false": False}[value] if value in ("true", "false") else _number(value)
    if path == ["revocation"]:
        inner["file"] = "revoked.jsonl"
    Settings.model_validate(values)


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def test_the_example_of_the_documents() -> None:
    """Two verifiers that are busy 92% of the time want a third where there are CPUs for it; the text says all that."""
    pool = PoolTotals(10_000, 0, 552.0, seen(5000, 5000))
    load = Load(pools={"verifier": pool}, cpu={"server-0": 0.4, "verifier-0": 0.92}, machine=1.9)
    setup = replace(SETUP, servers=1, verifiers=2)
    found = next(one for one in after(load, moment(setup)).advice if one.id == "verifiers_too_few")
    assert found.text == (
        "verifier pool 92% busy over 5 min, p99 queue wait 9.82 ms: raise AUTHZ_VERIFICATION_WORKERS to 3; "
        "there are 2 idle CPUs"
    )
    assert (found.current, found.proposed, found.setting) == ("2", "3", "verification_workers")
    assert [one.name for one in found.evidence] == ["busy_share", "queue_wait_p99_seconds", "idle_cpus"]


def test_verifiers_whose_number_changes_are_not_spoken_of() -> None:
    """Where there may be more, or fewer, they become so by themselves: nothing is advised that is done already."""
    busy, idle = _pool("verifier", 0.92), _pool("verifier", 0.009, _NO_CPU)
    at = _with(verifiers=2, verifiers_min=1, verifiers_max=4)
    assert not [name for name in advice_of(after(busy, at)) if "verifier" in name]
    assert not [name for name in advice_of(after(idle, at, 900.0)) if "verifier" in name]
    assert "cpus_too_few" in advice_of(after(_pool("verifier", 1.84, _NO_CPU), at))


def test_more_than_there_may_be() -> None:
    """Where there are as many as there may be the advice names the setting that says so, and that one alone."""
    at = _with(verifiers=3, jwt_verifiers=1, verifiers_min=1, verifiers_max=2, cpus=9.0, machine_cpus=9)
    found = [one for one in after(_pool("verifier", 2.8), at).advice if "verifier" in one.id]
    assert [(one.setting, one.current, one.proposed) for one in found] == [("verification_workers_max", "2", "3")]
    assert "as many as there may be (2): raise AUTHZ_VERIFICATION_WORKERS_MAX to 3" in found[0].text


def test_more_than_cpus_that_are_there_at_all_times() -> None:
    """Of those that come and go none is too many; where the least is, its setting is named."""
    few = _with(servers=4, verifiers=4, verifiers_min=1, verifiers_max=4, cpus=5.0)
    assert "too_many_processes" not in advice_of(after(at=few, seconds=60.0))
    many = _with(servers=1, verifiers=4, verifiers_min=3, verifiers_max=4, cpus=3.0)
    text = next(one.text for one in after(at=many, seconds=60.0).advice if one.id == "too_many_processes")
    assert text.endswith("lower AUTHZ_VERIFICATION_WORKERS_MIN")


@pytest.mark.parametrize(("verifiers", "jwt", "proposed"), [(1, 0, "2"), (3, 2, "2"), (2, 2, "1")])
def test_verifiers_for_costly_keys_are_not_counted(verifiers: int, jwt: int, proposed: str) -> None:
    """``verification_workers`` are those that are not for RSA and ECDSA alone."""
    load = _pool("verifier", 0.92 * verifiers)
    found = after(load, _with(verifiers=verifiers, jwt_verifiers=jwt, cpus=9.0, machine_cpus=9)).advice
    wanted = next(one for one in found if one.id == "verifiers_too_few")
    assert int(wanted.proposed) >= int(proposed)
    assert wanted.current == str(verifiers - jwt)


def test_a_cpu_that_nobody_knows_of_is_not_promised() -> None:
    """Where it is not known whether a CPU is idle the advice is one more, and says so."""
    pool = PoolTotals(1000, 0, 276.0, seen(1000))
    found = after(Load(pools={"verifier": pool})).advice[0]
    assert (found.id, found.proposed) == ("verifiers_too_few", "2")
    assert found.text.endswith("if a CPU is idle")


def test_dry_run_without_what_it_would_deny() -> None:
    """After a quarter of an hour in which all would have been allowed that is said; else how many would not."""
    at = _with(dry_run=True)
    clean = after(Load(checks={("allowed", "allowed"): 1000}), at, 900.0).advice[0].text
    assert "no check would have been denied" in clean
    dirty = after(Load(checks={("would_deny", "no_credential"): 600}), at, 900.0).advice[0].text
    assert "2/s checks over 15 min would have been denied" in dirty


def test_a_larger_cache_takes_memory() -> None:
    """Where the memory limit does not leave what is proposed it is to be raised with it."""
    load, tight = _caches((0, 2000), (1000, 1000), evictions={"l2": 100}), 925 << 20
    texts: list[str] = [
        next(one.text for one in after(load, moment(memory_used_bytes=used)).advice if one.id == "shared_cache_small")
        for used in (1 << 28, tight)
    ]
    assert ["memory limit" in text for text in texts] == [False, True]


def test_largest_cache_is_not_made_larger() -> None:
    """At the most that the setting takes nothing is proposed."""
    load = _caches((0, 2000), (1000, 1000), evictions={"l2": 100})
    found = after(load, _with(shared_memory_bytes=64 << 30, memory_limit_bytes=None)).advice[0]
    assert (found.id, found.current, found.proposed) == ("shared_cache_small", "64GiB", "")


def test_an_attack_that_sheds_says_so() -> None:
    """Where an attack has honest callers refused the advice tells."""
    found = after(_checks("bad_signature", 500, shed=50)).advice[0]
    assert found.id == "attack"
    assert "refused since queues were full" in found.text


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"machine": 3.8}, "others take the machine's CPUs, which are 95% busy"),
        ({"machine": 2.0}, "a CPU quota that is used up in bursts"),
        ({"hooks": _hook((1000,), {"allow": 1000}).hooks}, "such as a hook"),
    ],
)
def test_why_loops_are_late(more: dict[str, Any], cause: str) -> None:
    """Where the machine is busy that is why; else a hook, if there is one; else the quota."""
    load = replace(CASES["loop_lag"].load, **more)
    text = next(one.text for one in after(load).advice if one.id == "loop_lag")
    assert cause in text
