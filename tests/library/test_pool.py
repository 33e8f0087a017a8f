"""Batches and verifiers: results in order, whoever verifies, and whatever becomes of those processes."""

import multiprocessing.spawn
import os
import signal
import time
from collections.abc import Iterator

import pytest

from sidecar import Authenticated, Authenticator, Result
from support.authenticators import counted, settings, token
from support.keypairs import pair

_TWO = {"enable_multiprocessing": True, "verification_workers": 2}


@pytest.fixture(scope="module")
def made() -> Iterator[Authenticator]:
    """Run one with two verifiers."""
    with Authenticator(settings(**_TWO)) as made:
        yield made


def _mixed(name: str, number: int) -> list[str]:
    stranger = pair(owner="stranger")
    return [token(f"{name}{n}", None if n % 3 else stranger) for n in range(number)]


def _check_order(name: str, results: list[Result]) -> None:
    for number, found in enumerate(results):
        if number % 3:
            assert isinstance(found, Authenticated)
            assert found.subject == f"{name}{number}"
        else:
            assert (found.ok, found.reason.value) == (False, "bad_signature")  # type: ignore[union-attr]


def _verified(made: Authenticator, route: str) -> float:
    return sum(counted(made, "authz_verifications_total", route=route, result=one) for one in ("valid", "invalid"))


def _wait_for_verifiers(made: Authenticator, name: str) -> None:
    """Ask until they have verified something: they begin after the authenticator does."""
    before, until, number = _verified(made, "pool"), time.monotonic() + 30, 0
    while _verified(made, "pool") == before:
        number += 1
        assert time.monotonic() < until
        _check_order(f"{name}{number}-", made.authenticate_batch_sync(_mixed(f"{name}{number}-", 30)))


def test_batches_go_to_the_verifiers(made: Authenticator) -> None:
    """Of a batch nearly all are verified by other processes, and results are in the tokens' order."""
    _wait_for_verifiers(made, "w")
    before = _verified(made, "pool")
    _check_order("b", made.authenticate_batch_sync(_mixed("b", 300)))
    assert _verified(made, "pool") - before > 50


def test_shapes_of_a_batch(made: Authenticator) -> None:
    """None, one, the same twice, an iterator, and what is no token among others."""
    assert made.authenticate_batch_sync([]) == []
    one = token("one")
    results = made.authenticate_batch_sync(text for text in (one, None, one, "", b"\xff", one.encode()))
    assert [bool(found) for found in results] == [True, False, True, False, False, True]


def test_killed_verifiers(made: Authenticator) -> None:
    """Verifiers that are killed cost nobody a result; they are started again, and then verify again."""
    for name in ("k", "l"):
        pids = made._now.service.verifier_pids  # type: ignore[union-attr]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        _check_order(name, made.authenticate_batch_sync(_mixed(name, 200)))
    until = time.monotonic() + 30
    while set(made._now.service.verifier_pids) & set(pids) or len(made._now.service.verifier_pids) < 2:  # type: ignore[union-attr]
        assert time.monotonic() < until
        time.sleep(0.05)
    _wait_for_verifiers(made, "n")


def test_stopped_verifiers(made: Authenticator) -> None:
    """Verifiers that hang neither: what waits for them is verified here in time."""
    pids = made._now.service.verifier_pids  # type: ignore[union-attr]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        _check_order("s", made.authenticate_batch_sync(_mixed("s", 150)))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_report_and_metrics(made: Authenticator) -> None:
    """Checks are counted by reason, remembered or not; the report names the processes."""
    known, labels = token("counted"), {"outcome": "allowed", "reason": "allowed"}
    made.authenticate_sync(known)
    before = counted(made, "authz_checks_total", **labels)
    for _ in range(3):
        made.authenticate_sync(known)
    assert counted(made, "authz_checks_total", **labels) == before + 3
    assert {one.name for one in made.report().live.processes} == {"server-0", "verifier-0", "verifier-1"}
    assert made.health().ok


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", ""])
def test_processes_that_cannot_be_started(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no interpreter to start, or it ends at once, all is verified here."""
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", program)
    with Authenticator(settings(**_TWO)) as made:
        _check_order("p", made.authenticate_batch_sync(_mixed("p", 60)))


def test_one_process() -> None:
    """Without multiprocessing there is no other process, and the results are the same."""
    with Authenticator(settings(verification_workers=2)) as made:
        assert made._now.service.verifier_pids == []  # type: ignore[union-attr]
        _check_order("o", made.authenticate_batch_sync(_mixed("o", 60)))


def test_clients_are_told_apart(made: Authenticator) -> None:
    """Who sends many bad signatures has to wait; nobody else has, nor do those without a name."""
    stranger = pair(owner="stranger")
    for number in range(60):
        made.authenticate_sync(token(f"bad{number}", stranger))
        made.authenticate_sync(token(f"worse{number}", stranger), client="203.0.113.9")
    assert made.authenticate_sync(token("honest"))
    assert made.authenticate_sync(token("other"), client="203.0.113.10")
    shed = [made.authenticate_sync(token(f"again{number}", stranger), client="203.0.113.9") for number in range(30)]
    assert "overloaded" in {found.reason.value for found in shed}  # type: ignore[union-attr]
