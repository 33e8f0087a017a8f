"""What control says when the machine leaves us something else."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar.observe.allowance import AllowanceFacts, of_allowance
from sidecar.placement.allowance import Allowance
from sidecar.placement.cgroup import CgroupError, Throttling
from sidecar.runtime.control.allowance_watch import AllowanceWatch
from sidecar.settings import Settings

_ISSUER = {"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}
_FOUR = Allowance(frozenset(range(4)), None, 2**28, frozenset({0}), frozenset(range(4)))


class Scene:
    """A machine that a test changes, and what is said of it."""

    def __init__(self, stopped: Throttling | None = None, **changes: Any) -> None:  # noqa: ANN401 - any field
        self.now, self.stopped = _FOUR, stopped
        settings = Settings.model_validate({"issuers": [_ISSUER], **changes})
        self.watch = AllowanceWatch(settings, 3, lambda: self.now, self._stopped)

    def change(self, **members: Any) -> None:  # noqa: ANN401 - any field
        """Leave something else, and look."""
        self.now = replace(self.now, **members)
        self.watch.look()

    def _stopped(self) -> Throttling | None:
        if self.stopped is not None and self.stopped.periods < 0:
            raise CgroupError("cpu.stat says what no kernel says")
        return self.stopped


def test_nothing_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said, and as many servers fit as there are."""
    scene = Scene()
    scene.watch.look()
    assert caplog.text == ""
    assert list(scene.watch.conditions()) == []
    assert scene.watch.facts() == AllowanceFacts(4.0, 3, 3)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"cpus": frozenset({0, 1})}, "CPUs 0-1 may be used, instead of 0-3; 3 servers go on"),
        ({"quota": 2.5}, "the CPU quota is 2.5 CPUs, instead of none; 3 servers go on"),
        ({"memory_limit": 2**29}, "the memory limit is 512 MiB, instead of 256 MiB\n"),
        ({"memory_limit": None}, "the memory limit is none, instead of 256 MiB\n"),
        ({"memory_nodes": frozenset({1})}, "memory comes from nodes 1, instead of 0\n"),
        ({"cpuset": frozenset(range(8))}, "the cpuset is 0-7, instead of 0-3\n"),
    ],
)
def test_change_is_said(members: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with what was before, and what becomes of the servers where that matters."""
    scene = Scene()
    scene.change(**members)
    scene.watch.look()
    assert caplog.text.count("instead of") == 1
    assert says in caplog.text


def test_servers_that_would_fit() -> None:
    """The condition is fulfilled and says so; it goes when the CPUs are back."""
    scene = Scene()
    scene.change(cpus=frozenset({3}))
    (condition,) = scene.watch.conditions()
    assert condition.ok
    assert condition.reason == "3 run, and 1 fit the CPUs there are now"
    assert scene.watch.facts() == AllowanceFacts(1.0, 3, 1)
    scene.change(cpus=frozenset(range(4)))
    assert list(scene.watch.conditions()) == []


@pytest.mark.parametrize("changes", [{"servers": 3}, {"enable_multiprocessing": False}])
def test_number_that_is_configured(changes: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """What fits is nobody's question where the configuration says how many there are."""
    scene = Scene(**changes)
    scene.change(cpus=frozenset({3}))
    assert scene.watch.facts().fitting is None
    assert list(scene.watch.conditions()) == []
    assert "servers go on" not in caplog.text


def test_throttling_is_told() -> None:
    """As it is now; a file that says what no kernel says is left out."""
    assert Scene(Throttling(9, 3, 0.5)).watch.facts() == AllowanceFacts(4.0, 3, 3, 3, 0.5)
    assert Scene(Throttling(-1, 0, 0.0)).watch.facts() == AllowanceFacts(4.0, 3, 3)


def test_series() -> None:
    """Each has its value; what does not apply has none."""

    def told(facts: AllowanceFacts) -> dict[str, float | None]:
        return {one.name: next((value for _, value in one.samples), None) for one in of_allowance(facts)}

    assert told(AllowanceFacts(1.5, 3, 1, 7, 0.25)) == {
        "authz_usable_cpus": 1.5,
        "authz_servers": 3,
        "authz_servers_fitting": 1,
        "authz_cpu_throttled_periods": 7,
        "authz_cpu_throttled_seconds": 0.25,
    }
    assert told(AllowanceFacts(1.5, 3, None))["authz_servers_fitting"] is None
