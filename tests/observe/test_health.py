"""The conditions of the probes, from a scoreboard in every state."""

from collections.abc import Callable

import pytest

from sidecar.http.facts import Health
from sidecar.memory.scoreboard import Overall, Scoreboard, State
from sidecar.observe.condition import Condition
from sidecar.observe.health import ScoreboardHealth
from support.boards import NAMES, NOW, all_well, report, shared, supervised

KEYS = Condition("keys", ok=True)
SERVER_1 = NAMES.index("server-1")
VERIFIER = NAMES.index("verifier-0")


def health(board: Scoreboard, keys: Condition = KEYS) -> Health:
    """Return the conditions of a scoreboard at ``NOW``."""
    servers = [name for name in NAMES if name.startswith("server-")]
    return ScoreboardHealth(board, NAMES, servers, lambda: [keys], lambda: NOW, patience=5.0)


def failures(change: Callable[[Scoreboard], None]) -> dict[str, str]:
    """Return the conditions that fail, with their reasons, once all is well but for a change."""
    with shared() as made:
        all_well(made.scoreboard)
        change(made.scoreboard)
        return {found.name: found.reason for found in health(made.scoreboard).readiness() if not found.ok}


def test_all_well() -> None:
    """Everybody is as they should be: every condition is named, and holds."""
    with shared() as made:
        all_well(made.scoreboard)
        ready, live = health(made.scoreboard).readiness(), health(made.scoreboard).liveness()
    assert [found.name for found in ready] == [
        *("keys", "supervisor", "not-draining", "server-0", "server-1", "no-crash-loop")
    ]
    assert [found.name for found in live] == ["control", "supervisor"]
    assert all(found.ok for found in (*ready, *live))


def test_nothing_known() -> None:
    """Where nothing was written yet, nothing is well."""
    with shared() as made:
        ready, live = health(made.scoreboard).readiness(), health(made.scoreboard).liveness()
    assert [found.name for found in ready if found.ok] == ["keys", "no-crash-loop"]
    assert [found.ok for found in live] == [True, False]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda board: board.write_supervised(SERVER_1, supervised(pid=None, last_exit=-9)), "does not run"),
        (
            lambda board: board.write_supervised(SERVER_1, supervised(pid=None, next_start_at=NOW + 2.5)),
            "does not run; starts again in 2.5 s",
        ),
        (lambda board: board.write_supervised(SERVER_1, supervised(incarnation=4)), "has not said anything yet"),
        (lambda board: board.write_report(SERVER_1, report(state=State.STARTING)), "is starting"),
        (lambda board: board.write_report(SERVER_1, report(state=State.DRAINING)), "is draining"),
        (lambda board: board.write_report(SERVER_1, report(heartbeat_at=NOW - 7.2)), "no heartbeat for 7 s"),
    ],
)
def test_server_that_is_not_up(change: Callable[[Scoreboard], None], why: str) -> None:
    """A server that does not serve is told with the reason, and alone; it is not what liveness is about."""
    assert failures(change) == {"server-1": why}


def test_no_restart_for_a_child() -> None:
    """Whatever ails servers, the pod is not restarted for it."""
    with shared() as made:
        all_well(made.scoreboard)
        made.scoreboard.write_supervised(SERVER_1, supervised(pid=None, crash_loop=True))
        assert all(found.ok for found in health(made.scoreboard).liveness())


def test_verifier_is_not_waited_for() -> None:
    """Without a verifier servers check signatures themselves; one that ends again and again is told all the same."""
    gone = failures(lambda board: board.write_supervised(VERIFIER, supervised(pid=None)))
    looping = failures(lambda board: board.write_supervised(VERIFIER, supervised(crash_loop=True)))
    assert gone == {}
    assert looping == {"no-crash-loop": "verifier-0"}


def test_draining() -> None:
    """On its way out the sidecar is not ready, and alive."""
    overall = Overall(pid=1, heartbeat_at=NOW, generation=5, draining=True)
    assert failures(lambda board: board.write_overall(overall)) == {"not-draining": "is on its way out"}


def test_supervisor_that_hangs() -> None:
    """Without the supervisor's heartbeat the sidecar is neither ready nor alive."""
    with shared() as made:
        all_well(made.scoreboard)
        made.scoreboard.write_overall(Overall(pid=1, heartbeat_at=NOW - 5.5, generation=5))
        for found in (health(made.scoreboard).liveness(), health(made.scoreboard).readiness()):
            assert [one.name for one in found if not one.ok] == ["supervisor"]


def test_no_keys() -> None:
    """Without keys nothing can be checked, and the sidecar is not ready."""
    with shared() as made:
        all_well(made.scoreboard)
        missing = Condition("keys", ok=False, reason="none for 1 issuer")
        assert missing in health(made.scoreboard, missing).readiness()
