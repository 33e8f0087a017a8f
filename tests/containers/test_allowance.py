"""What a container is given, and given anew while it runs: cpusets, quotas and limits that are real."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar.demo.workspace import CONFIGURATION
from sidecar.placement.apply import allowed_cpus, cpus_of
from support.containers import Boxes, boxes, printed
from support.load import Load
from support.processes import eventually, name_of

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not {0, 1} <= allowed_cpus(), reason="takes CPUs 0 and 1"),
]

_BOTH, _LIMIT = frozenset({0, 1}), 512 * 1024**2


def _pinned(_: Path) -> str:
    # As many servers as CPUs, each with one of its own.
    text = CONFIGURATION.replace("servers: 2", "verification_workers: 0\ncpu_affinity_enabled: true", 1)
    return text.replace("probe:\n  listen: false\n", "", 1)


@pytest.fixture
def both() -> Iterator[Boxes]:
    """Return Envoy and a sidecar with two CPUs."""
    with boxes(_pinned, cpuset_cpus="0-1", mem_limit=_LIMIT) as running:
        yield running


def _servers(both: Boxes) -> list[frozenset[int] | None]:
    pids = [int(row[1]) for row in both.sidecar.top()["Processes"]]
    return [cpus_of(pid) for pid in pids if name_of(pid).startswith("authz-server-")]


def _are_on(both: Boxes, *cpus: int) -> bool:
    return sorted(map(str, _servers(both))) == sorted(str(frozenset({cpu})) for cpu in cpus)


def _doctor(both: Boxes) -> tuple[dict[str, Any], set[str], int]:
    command = ["/opt/authz/bin/authz-sidecar", "doctor", "--json", "--config", str(both.workspace.config)]
    code, output = both.sidecar.exec_run(command)
    assert isinstance(output, bytes)
    assert code is not None
    document = json.loads(output)
    return document, {one["id"] for one in document["findings"]}, code


def _request(token: str, number: int) -> bytes:
    return f"GET /orders/{number} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode()


def test_what_is_given_and_given_anew(both: Boxes) -> None:
    """Another cpuset moves servers under load, and no request fails; doctor sees each change as it is."""
    document, found, code = _doctor(both)
    given, made = document["given"], document["made"]
    assert (given["cpus"], given["cpuset"], given["cpu_quota"]) == ([0, 1], [0, 1], None)
    assert (given["memory_limit_bytes"], given["memory_used_bytes"] > 0) == (_LIMIT, True)
    assert (made["servers"], made["verifiers"], [one["cpu"] for one in made["pinned"]]) == (2, 0, [0, 1])
    assert found & {"memory_over_limit", "memory_tight", "cpu_quota_short", "file_unreadable", "socket_folder"} == set()
    assert code == (1 if found else 0)
    assert _are_on(both, 0, 1)

    token = both.workspace.token()
    with Load(both.port, partial(_request, token), connections=4, least=1000) as load:
        both.sidecar.update(cpuset_cpus="1")
        assert eventually(lambda: _are_on(both, 1, 1)), printed(both.sidecar)
        assert eventually(lambda: "2 servers go on" in printed(both.sidecar)), printed(both.sidecar)
        both.sidecar.update(cpuset_cpus="0-1")
        assert eventually(lambda: _are_on(both, 0, 1)), printed(both.sidecar)
        load.finish()
    assert set(load.statuses) == {"200"}, load.statuses

    both.sidecar.update(cpuset_cpus="1", cpu_period=100_000, cpu_quota=50_000)
    document, found, code = _doctor(both)
    assert (document["given"]["cpus"], document["given"]["cpu_quota"]) == ([1], 0.5)
    assert document["made"]["servers"] == 1
    assert "cpu_quota_short" in found
    assert code == 1
    # So that it ends in time.
    both.sidecar.update(cpuset_cpus="0-1", cpu_quota=-1)
