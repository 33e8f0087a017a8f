"""What control tells the supervisor of the number of verifiers, and how often."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from sidecar.runtime.control.pool_looks import PoolLooks
from sidecar.runtime.control.resizing import Resizing
from sidecar.sizing.decision import Pace
from sidecar.sizing.look import Bounds, Look


class _Looks:
    """Looks that a test made, one after the other; then there are none."""

    def __init__(self, looks: "list[Look | Exception | None]") -> None:
        self.over = threading.Event()
        self._looks: Iterator[Look | Exception | None] = iter(looks)

    def look(self) -> Look | None:
        """Return the next."""
        found = next(self._looks, KeyError("over"))
        if isinstance(found, KeyError):
            self.over.set()
            return None
        if isinstance(found, Exception):
            raise found
        return found


def _wishes(*looks: "Look | Exception | None") -> list[int]:
    async def go() -> list[int]:
        told: list[int] = []
        source = _Looks(list(looks))
        resizing = Resizing(cast("PoolLooks", source), Bounds(1, 1, 4), told.append, Pace(2.0, 60.0), 0.001)
        task = asyncio.create_task(resizing.follow())
        await asyncio.to_thread(source.over.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return told

    return asyncio.run(go())


def _at(second: float, wanted: int = 1, busy: float = 1.0) -> Look:
    return Look(second, wanted, wanted, 0, crash_loop=False, busy=busy, wait_p99=0.01, idle_cpus=3.0, cpus=4.0)


def test_each_look_is_a_wish(caplog: pytest.LogCaptureFixture) -> None:
    """It says how many each time, changed or not; and of a change why."""
    caplog.set_level(logging.INFO)
    assert _wishes(None, _at(0), _at(1), _at(2), _at(3, 2, 0.2), _at(4, 2, 0.2)) == [1, 1, 2, 2, 2]
    assert [record.message for record in caplog.records if "instead of" in record.message] == [
        "2 verifiers instead of 1: 100% busy over 2 s, p99 queue wait 10 ms, 3.0 CPUs idle"
    ]


def test_first_word_of_a_control_process_changes_nothing() -> None:
    """One that takes another's place leaves the number as it finds it."""
    assert _wishes(_at(0, wanted=3)) == [3]


def test_a_look_that_fails_is_no_wish(caplog: pytest.LogCaptureFixture) -> None:
    """The next one is; nobody looks in vain for ever."""
    assert _wishes(_at(0), OSError("as the test wants it"), _at(1)) == [1, 1]
    assert "could not look at the verifiers" in caplog.text
