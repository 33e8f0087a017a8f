"""Metrics of real processes: what they did is counted, and how they are is told."""

import json
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from prometheus_client import Metric

from sidecar.demo.workspace import ISSUER
from support.answers import read_answer
from support.asserting import ASSERTION, first_key
from support.fronts import CHECK
from support.metrics import families, labels_of, page
from support.processes import eventually
from support.promtool import complaints
from support.requests import with_token
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

_HOOK = "from sidecar.hooks import *\n@hook(cpu_bound=True, timeout=10)\ndef check(request, identity): return None\n"
#: A pool of each kind, and tokens that go to the verifier as soon as two come at once.
_EVERYTHING = (
    CONFIGURATION.replace("servers: 2", "servers: 1")
    + "batch_size_threshold: 1\nprocess_pool_timeout: 4\nhash_processor_workers: 1\nhook_folder: .\n"
    + "hooks: [of_metrics:check]\nrevocation: {file: revoked.jsonl}\n"
    + ASSERTION
)
#: As many as may wait for one process that asks hooks.
_CHECKS = 16
_POOLS = ("verifier", "minter", "hash", "hook")


def _prepare(folder: Path) -> None:
    first_key(folder)
    (folder / "of_metrics.py").write_text(_HOOK, encoding="utf-8")
    # So many that a process is asked to hash them.
    entries = ({"issuer": ISSUER, "jti": f"revoked-{number}", "expires_at": 4_000_000_000} for number in range(5000))
    (folder / "revoked.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")


@contextmanager
def _asked(sidecar: Sidecar, tokens: Iterable[str]) -> Iterator[list["grpc.Future[bytes]"]]:
    """Ask about all of them at once, on one connection."""
    with grpc.insecure_channel(sidecar.addresses[0]) as channel:
        call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want what may be left out
        yield [call.future(with_token(token), timeout=20, wait_for_ready=True) for token in tokens]


def _tokens(sidecar: Sidecar, name: str, number: int = _CHECKS) -> list[str]:
    return [sidecar.workspace.token(sub=f"{name}-{one}") for one in range(number)]


def _all_allowed(sidecar: Sidecar, tokens: Iterable[str]) -> None:
    with _asked(sidecar, tokens) as asked:
        answers = [read_answer(one.result()) for one in asked]
    assert all(answer.allowed for answer in answers), (answers, sidecar.printed())


def test_metrics_of_everything(short_folder: Path) -> None:
    """Pools, transport and processes tell what they do, under names that promtool and the page know."""
    with running_sidecar(short_folder, _EVERYTHING, before=_prepare) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        metric = sidecar.metric
        _all_allowed(sidecar, _tokens(sidecar, "first"))

        def done(pool: str) -> float:
            return metric(f'pool_completed_tasks_total{{pool="{pool}"}}')

        assert eventually(lambda: done("hook") == _CHECKS)
        assert eventually(lambda: all(done(pool) for pool in _POOLS)), sidecar.get("/metrics")[1]
        _is_consistent(sidecar, done("verifier"))
        _waits_are_seen(sidecar)
        before = families(sidecar.get("/metrics")[1].encode())
        sidecar.kill("verifier-0")
        sidecar.kill("server-0")
        assert eventually(lambda: metric('authz_child_restarts_total{child="server-0"}') == 1 and sidecar.is_ready())
        after = families(sidecar.get("/metrics")[1].encode())
        assert not list(_gone_back(before, after))
        _processes_are_told(sidecar)
        # It takes two looks, 5 s apart.
        assert eventually(lambda: "system_cpu_percent " in sidecar.get("/metrics")[1])
        _is_as_documented(sidecar)


def _is_consistent(sidecar: Sidecar, verdicts: float) -> None:
    """What the verifier took it took in batches, each job having waited; and what is done was asked for."""
    metric = sidecar.metric
    jobs = metric('authz_pool_wait_seconds_count{pool="verifier"}')
    assert jobs == metric('authz_pool_batch_size_sum{pool="verifier"}') >= verdicts > 1
    assert 0 < metric('authz_pool_batch_size_count{pool="verifier"}') <= jobs
    assert metric('authz_pool_wait_seconds_count{pool="hook"}') == _CHECKS
    for pool in _POOLS:
        assert metric(f'authz_pool_busy_seconds_total{{pool="{pool}"}}') > 0, pool
        assert metric(f'process_pool_active{{pool="{pool}"}}') == 1, pool
    inline = metric('authz_verifications_total{result="valid",route="inline"}')
    assert inline + metric('authz_verifications_total{result="valid",route="pool"}') == _CHECKS
    assert metric("authz_transport_streams_total") >= _CHECKS
    assert metric("authz_transport_connections_total") >= 1
    assert metric("authz_trust_last_reload_successful") == 1


def _waits_are_seen(sidecar: Sidecar) -> None:
    """While the verifier is stopped, what it is asked waits, and is then answered after all."""

    def depth() -> float:
        return sidecar.metric('authz_pool_queue_depth{pool="verifier"}')

    assert depth() == 0
    sidecar.kill("verifier-0", signal.SIGSTOP)
    with _asked(sidecar, _tokens(sidecar, "second")) as asked:
        assert eventually(lambda: depth() > 0)
        sidecar.kill("verifier-0", signal.SIGCONT)
        assert all(read_answer(one.result()).allowed for one in asked)
    assert eventually(lambda: depth() == 0)


def _gone_back(before: dict[str, Metric], after: dict[str, Metric]) -> Iterator[str]:
    for name, family in before.items():
        if family.type in ("counter", "histogram"):
            now = {(one.name, *sorted(one.labels.items())): one.value for one in after[name].samples}
            for one in family.samples:
                if now[one.name, *sorted(one.labels.items())] < one.value:
                    yield f"{one.name}{one.labels}"


def _processes_are_told(sidecar: Sidecar) -> None:
    """Of each process CPU time and memory, and of those with an event loop how late that is."""
    names = {"control", "server-0", "verifier-0", "minter-0"}

    def told(name: str) -> dict[str, float]:
        found = families(sidecar.get("/metrics")[1].encode())
        return {one.labels["process"]: one.value for one in found[name].samples}

    cpu = told("authz_process_cpu_seconds_total")
    assert cpu.keys() == names | {"supervisor"}
    assert all(0 < seconds < 100 for seconds in cpu.values()), cpu
    assert eventually(lambda: told("authz_process_proportional_memory_bytes").keys() >= names)
    assert eventually(lambda: told("authz_process_resident_memory_bytes").keys() == names | {"supervisor"})
    resident = told("authz_process_resident_memory_bytes")
    assert all(5_000_000 < size < 500_000_000 for size in resident.values()), resident
    assert all(size <= resident[name] for name, size in told("authz_process_proportional_memory_bytes").items())
    assert told("authz_process_event_loop_lag_seconds").keys() == {"control", "server-0"}


def _is_as_documented(sidecar: Sidecar) -> None:
    text = sidecar.get("/metrics")[1].encode()
    assert complaints(text) == frozenset()
    documented = page()
    for name, family in families(text).items():
        assert documented[name].type == family.type
        assert labels_of(family) <= documented[name].labels, name


def test_metrics_of_one_process(short_folder: Path) -> None:
    """One process tells of itself alone, and of no pool."""
    alone = {"AUTHZ_ENABLE_MULTIPROCESSING": "false", "AUTHZ_TRANSPORT": "grpcio"}
    with running_sidecar(short_folder, CONFIGURATION, alone) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        _all_allowed(sidecar, _tokens(sidecar, "first", 5))
        assert eventually(lambda: sidecar.metric("authz_transport_streams_total") == 5)
        assert eventually(lambda: sidecar.metric('authz_process_cpu_seconds_total{process="server-0"}') > 0)
        found = families(sidecar.get("/metrics")[1].encode())
    assert not [name for name, family in found.items() if "pool" in name and family.samples]
    assert {one.labels["process"] for one in found["authz_process_cpu_seconds_total"].samples} == {"server-0"}
