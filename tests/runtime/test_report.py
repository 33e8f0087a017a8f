"""``/report`` of a real sidecar, under a short load."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.keys.signing import SigningKey
from sidecar.report.model import Report
from sidecar.report.wire import decode, encode
from support.processes import eventually
from support.sidecars import Sidecar, running_sidecar

_OTHER = "https://partner.example"
_CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 1
probe: {{listen: "127.0.0.1:0"}}
admin: {{listen: "unix:{{folder}}/admin.sock"}}
shared_memory_size: 1MiB
shutdown_grace_seconds: 4
issuers:
  - {{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}
  - {{issuer: "{_OTHER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}
policies:
  - {{name: gone, action: deny, rules: [{{when: [{{key: "request.auth.claims[tenant]", values: [gone]}}]}}]}}
  - {{name: all, action: allow, rules: [{{}}]}}
report: {{min_seconds: 5, min_checks: 10}}
"""


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Return a running sidecar with an administration."""
    with _running(tmp_path_factory.mktemp("r"), several=True) as found:
        yield found


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Return one in a single process."""
    with _running(tmp_path_factory.mktemp("r"), several=False) as found:
        yield found


@contextmanager
def _running(folder: Path, *, several: bool) -> Iterator[Sidecar]:
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": str(several).lower()}
    with running_sidecar(folder, _CONFIGURATION.replace("{folder}", str(folder)), environment) as found:
        assert eventually(found.is_ready), found.printed()
        yield found


def _get(sidecar: Sidecar, **headers: str) -> httpx.Response:
    transport = httpx.HTTPTransport(uds=str(sidecar.workspace.folder / "admin.sock"))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=20) as client:
        return client.get("/report", headers=headers)


def _report(sidecar: Sidecar) -> Report:
    answer = _get(sidecar)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return decode(answer.content)


def _soon(sidecar: Sidecar, is_so: Callable[[Report], bool]) -> Report:
    """Return the first report of which something is so; asked for four times a second, since each takes time."""
    deadline = time.monotonic() + 30
    while not is_so(found := _report(sidecar)):
        assert time.monotonic() < deadline, encode(found).decode()
        time.sleep(0.25)
    return found


def _counts(found: Report) -> dict[str, int]:
    return {one.reason: one.count for one in found.windows[2].checks.reasons}


def _named(found: Report) -> tuple[Counter[str], Counter[str]]:
    """Return checks of each issuer and of each policy, and those that were denied under ``-``."""
    window = found.windows[2]
    made = (
        Counter({one.name: one.count for one in named} | {f"-{one.name}": one.denied for one in named})
        for named in (window.issuers, window.policies)
    )
    issuers, policies = made
    return issuers, policies


@pytest.mark.parametrize("name", ["sidecar", "single"])
def test_report_by_issuer_and_policy(name: str, request: pytest.FixtureRequest) -> None:
    """Whose checks they were and which policy decided is counted exactly, in several processes and in one."""
    sidecar: Sidecar = request.getfixturevalue(name)
    token = sidecar.workspace.token
    ours, others, gone = token(), token(iss=_OTHER), token(iss=_OTHER, tenant="gone")
    before = _named(_report(sidecar))
    addresses = sidecar.addresses
    for number, one in enumerate([ours] * 7 + [others] * 4 + [gone] * 3 + ["not.a.token"] * 2):
        assert sidecar.check(addresses[number % len(addresses)], one).reason
    issuers, policies = (now - then for now, then in zip(_named(_report(sidecar)), before, strict=True))
    assert issuers == {ISSUER: 7, _OTHER: 7, f"-{_OTHER}": 3, "": 2, "-": 2}
    assert policies == {"all": 11, "gone": 3, "-gone": 3, "": 2, "-": 2}


def test_report_of_a_single_process(single: Sidecar) -> None:
    """In one process there are no pools and nothing but itself to watch; all else is told, and the command shows it."""
    for _ in range(3):
        assert single.check(single.addresses[0]).reason == "allowed"
    found = _soon(single, lambda one: one.windows[2].hit_ratio is not None)
    assert (found.setup.multiprocessing, found.setup.servers, found.setup.verifiers) == (False, 1, 0)
    (process,) = found.live.processes
    assert (process.name, process.role, process.up, process.pid) == ("server-0", "server", True, single.process.pid)
    assert found.windows[2].checks.latency.count >= 3
    assert found.windows[2].verifications.results["inline"]["valid"] >= 1
    assert [one.issuer for one in found.key_sets] == [ISSUER, _OTHER]
    command = [sys.executable, "-m", "sidecar", "report", "--config", str(single.workspace.config)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert shown.returncode == 0, shown.stderr
    for text in ("issuers, 5 min", ISSUER, "policies, 5 min", "all", "server-0"):
        assert text in shown.stdout


def test_report_of_a_load(sidecar: Sidecar) -> None:
    """The report counts what was done exactly, over restarts too, alerts about it, and the command shows it."""
    good = sidecar.workspace.token()
    forged = sidecar.workspace.token(SigningKey(sidecar.workspace.key.key_id, sidecar.workspace.stranger.private))
    before = _report(sidecar)
    addresses = sidecar.addresses
    for number in range(60):
        assert sidecar.check(addresses[number % 2], good if number % 3 else forged).reason
    found = _report(sidecar)
    done = Counter(_counts(found)) - Counter(_counts(before))
    assert done == {"allowed": 40, "bad_signature": 20}
    assert found.windows[2].checks.latency.count - before.windows[2].checks.latency.count == 60
    # Servers tell of their caches with each heartbeat, which may be after the first report.
    _soon(sidecar, lambda one: one.windows[2].hit_ratio is not None)
    assert found.windows[2].verifications.count >= 2
    assert (found.setup.servers, found.setup.verifiers, found.setup.shared_memory_bytes) == (2, 1, 1 << 20)
    assert [one.name for one in found.live.processes] == ["control", "server-0", "server-1", "verifier-0"]
    assert all(one.up for one in found.live.processes)
    assert [one.pool for one in found.live.pools] == ["verifier"]
    assert all(one.cpu_share is not None and one.rss_bytes for one in found.windows[2].processes)
    assert found.machine.cpu_idle is not None
    assert [(one.issuer, one.keys) for one in found.key_sets] == [(ISSUER, 1), (_OTHER, 1)]

    _soon(sidecar, lambda report: "forged" in {one.id for one in report.alerts})
    assert "attack" in {one.id for one in _report(sidecar).advice}
    assert len(_report(sidecar).series.checks_per_second) >= 1

    command = [sys.executable, "-m", "sidecar", "report", "--config", str(sidecar.workspace.config)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert shown.returncode == 0, shown.stderr
    assert "bad_signature" in shown.stdout
    command += ["--json", "--fail-on-alert"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["setup"]["servers"] == 2

    sidecar.kill("server-0")
    after = _soon(sidecar, lambda report: report.live.processes[1].restarts == 1 and report.live.processes[1].up)
    assert after.windows[2].processes[1].restarts_within == 1
    assert all(_counts(after)[reason] >= count for reason, count in _counts(found).items())


def test_guarded_as_the_other_pages(sidecar: Sidecar) -> None:
    """A browser, and whoever came by another name, gets nothing."""
    assert _get(sidecar, origin="https://evil.example").status_code == 403
    assert _get(sidecar, host="evil.example").status_code == 421


def test_thresholds_change_without_a_restart(sidecar: Sidecar) -> None:
    """Another threshold counts as soon as the file is read; the servers go on as they were."""
    config: Path = sidecar.workspace.config
    pids = {one.name: one.pid for one in _report(sidecar).live.processes}
    text = config.read_text(encoding="utf-8")
    for number in range(20):
        sidecar.check(sidecar.addresses[number % 2], "not.a.token")
    config.write_text(text.replace("min_checks: 10", "min_checks: 10, denied_share: 0.001"), encoding="utf-8")
    _soon(sidecar, lambda report: "denials" in {one.id for one in report.alerts if one.threshold == 0.001})
    assert {one.name: one.pid for one in _report(sidecar).live.processes} == pids
