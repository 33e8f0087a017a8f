"""What a start makes: held against what it does make, and against the manifests that say how much memory there is."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from placement.machines import SERVER32, write_tree
from sidecar.doctor.finding import findings
from sidecar.doctor.made import make
from sidecar.doctor.snapshot import Made, Pinned, Snapshot
from sidecar.placement.allowance import Allowance, Trees
from sidecar.runtime.ipc.shared import make_shared
from sidecar.runtime.supervision.planning import plan_fleet
from sidecar.settings import Settings
from support.snapshots import GIVEN

_K8S = Path(__file__).parent.parent.parent / "k8s"
_MIB = 1024**2
_ISSUER = {"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}
_FOUR = Allowance(frozenset(range(4)))
_REVOKED: dict[str, Any] = {"revocation": {"file": "revoked.jsonl"}}
_SIGNED: dict[str, Any] = {
    "assertion": {"issuer": "https://a.example", "audiences": ["b"], "keys": {"current": "key.pem"}}
}
_PROVED: dict[str, Any] = {"issuers": [{**_ISSUER, "bound_tokens": {"dpop": {}}}]}


def _settings(**changes: Any) -> Settings:  # noqa: ANN401 - any field
    return Settings.model_validate({"issuers": [_ISSUER], **changes})


def _make(allowance: Allowance = _FOUR, trees: Trees | None = None, **changes: Any) -> Made:  # noqa: ANN401 - any field
    return make(_settings(**changes), allowance, lambda _: None, trees or Trees())


def _parts(made: Made) -> dict[str, int]:
    return {one.name: one.shared_bytes + one.process_bytes for one in made.memory}


@pytest.mark.parametrize(
    ("changes", "servers", "verifiers", "most"),
    [
        ({}, 3, 1, None),
        ({"servers": 2}, 2, 1, None),
        ({"verification_workers_max": 3}, 3, 1, 3),
        ({"jwt_processor_workers": 1}, 2, 2, None),
        ({"enable_multiprocessing": False}, 1, 0, None),
    ],
)
def test_processes(changes: dict[str, Any], servers: int, verifiers: int, most: int | None) -> None:
    """They are those that a start makes with these CPUs."""
    made = _make(**changes)
    assert (made.servers, made.verifiers, made.verifiers_max) == (servers, verifiers, most)


@pytest.mark.parametrize("changes", [{}, _REVOKED, _SIGNED, _PROVED, {"verification_workers_max": 4}])
def test_shared_memory_is_what_is_made(changes: dict[str, Any]) -> None:
    """The budget is the size of the segments, to a page each; proofs count only where there are any."""
    settings = _settings(**changes)
    fleet = plan_fleet(settings, _FOUR, lambda _: None)
    real = make_shared(
        fleet, settings.shared_memory_size, settings.denylist_bytes, replay_bytes=settings.replay_memory_size
    )
    handles = [real.board, real.cache, real.recent, real.rings, real.signing, real.denylist]
    if changes is _PROVED:
        handles.append(real.replays)
    total = sum(one.open().size for one in handles if one is not None)
    assert total - 4096 * len(handles) <= _make(**changes).shared_bytes <= total


def test_what_each_part_is() -> None:
    """Processes are counted, what servers remember is 6 KiB a token, and hooks and hashing come with their settings."""
    plain = _parts(_make(servers=2))
    assert plain["what servers remember"] == 2 * 4096 * 6 * 1024
    assert {"2 x server", "1 x verifier", "supervisor and control"} <= set(plain)
    assert "1 x hashing process" in _parts(_make(hash_processor_workers=1, **_REVOKED))
    assert "1 x hashing process" not in _parts(_make(hash_processor_workers=1))
    assert "1 x minter" in _parts(_make(**_SIGNED))
    alone = _parts(_make(enable_multiprocessing=False))
    assert {"one process", "what it remembers"} <= set(alone)
    assert "rings" not in alone


def test_pinned(tmp_path: Path) -> None:
    """Each server and verifier with its CPU, and the node that is on."""
    trees = Trees(sys=write_tree(SERVER32, tmp_path))
    made = _make(Allowance(frozenset({0, 1, 2, 3})), trees, cpu_affinity_enabled=True, servers=2)
    assert made.pinned == (Pinned("server-0", 0, 0), Pinned("server-1", 1, 1), Pinned("verifier-0", 2, 0))
    assert _make(servers=2).pinned == ()


@pytest.mark.parametrize("manifest", ["components/sidecar/container.yaml", "overlays/pinned/pinned.yaml"])
def test_example_fits_its_container(manifest: str) -> None:
    """The configuration in k8s/ takes less than 90% of the memory that the manifests give it, and so do buffers."""
    limit = int(re.findall(r"memory: ([0-9]+)Mi", (_K8S / manifest).read_text(encoding="utf-8"))[0]) * _MIB
    values = YAML(typ="safe").load((_K8S / "components/example/authz.yaml").read_text(encoding="utf-8"))
    made = make(Settings.model_validate(values), Allowance(frozenset({0, 1})), lambda _: None)
    assert made.memory_bytes < 0.9 * limit
    assert made.buffer_bytes is not None
    assert made.buffer_bytes <= limit


def test_nothing_is_wrong_with_the_pinned_example() -> None:
    """On the CPUs and with the memory that its manifest asks for, a node with such a kubelet gives all it takes."""
    manifest = (_K8S / "overlays/pinned/pinned.yaml").read_text(encoding="utf-8")
    (cpus, limit), *_ = re.findall(r'limits: {cpu: "([0-9]+)", memory: ([0-9]+)Mi}', manifest)
    assert 'AUTHZ_CPU_AFFINITY_ENABLED, value: "true"' in manifest
    values = YAML(typ="safe").load((_K8S / "components/example/authz.yaml").read_text(encoding="utf-8"))
    allowance = Allowance(frozenset(range(2, 2 + int(cpus))), float(cpus), int(limit) * _MIB)
    made = make(Settings.model_validate(values | {"cpu_affinity_enabled": True}), allowance, lambda _: None)
    on_a_node: dict[str, Any] = {"cpus": allowance.cpus, "cpu_quota": allowance.quota, "open_files": 1 << 20}
    given = replace(GIVEN, memory_limit_bytes=allowance.memory_limit, **on_a_node)
    assert findings(Snapshot(given, made)) == []
