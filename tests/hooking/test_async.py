"""Async functions, asked in the server's loop."""

import asyncio
from pathlib import Path

import pytest

from hooking.modules import hooks, run
from sidecar.core.hooked import HookResult
from sidecar.engine.engine import OverloadError


def test_says(tmp_path: Path) -> None:
    """It may wait for something, others being asked meanwhile."""
    text = """
waiting = []
async def check(request, identity):
    waiting.append(asyncio.Event())
    if len(waiting) == 3:
        for one in waiting: one.set()
    await waiting[-1].wait()
    return deny(identity.subject)
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            answers = await asyncio.gather(*(made.one() for _ in range(3)))
            assert answers == [(HookResult.DENY, "alice")] * 3

        run(made, work)


_STUBBORN = "await _stay()"


@pytest.mark.parametrize("line", ["await asyncio.sleep(60)", "await asyncio.Event().wait()", _STUBBORN])
def test_too_late(tmp_path: Path, line: str) -> None:
    """What does not answer in time denies, be it that it takes no notice of being cancelled."""
    text = f"""
async def _stay():
    for _ in range(2):
        try: await asyncio.sleep(60)
        except asyncio.CancelledError: pass
async def check(request, identity):
    {line}
"""
    with hooks(tmp_path, text, timeout=0.05, max_in_flight=2) as made:

        async def work() -> None:
            for _ in range(2):
                result, why = await made.one()
                assert (result, why) == (HookResult.TIMEOUT, "no answer after 0.05 seconds")
            if line == _STUBBORN:
                # Those that stay keep their places.
                with pytest.raises(OverloadError):
                    await made.one()
                assert made.meter.count("shed") == 1

        run(made, work)


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError('secret')",
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "raise asyncio.CancelledError",
        "asyncio.current_task().cancel(); await asyncio.sleep(0)",
        "raise BaseException",
        "return 5",
    ],
)
def test_fails(tmp_path: Path, line: str) -> None:
    """Whatever it does denies, and the loop goes on."""
    with hooks(tmp_path, f"async def check(request, identity):\n    {line}\n") as made:

        async def work() -> None:
            for _ in range(2):
                assert (await made.one())[0] is HookResult.FAILED

        run(made, work)


def test_caller_that_goes_away(tmp_path: Path) -> None:
    """A check that is cancelled cancels the call, and counts as too late."""
    text = """
ended = []
async def check(request, identity):
    try: await asyncio.sleep(60)
    finally: ended.append(1)
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await made.ask()
            await asyncio.sleep(0)
            assert made.meter.events == [("began", 0, ""), ("ended", 0, "timeout")]

        run(made, work)


def test_after_plain_ones(tmp_path: Path) -> None:
    """Plain hooks before an async one are asked once, and those after it too."""
    text = """
seen = []
def one(request, identity): seen.append("one")
async def two(request, identity): seen.append("two")
def three(request, identity): return deny(" ".join(seen))
"""
    with hooks(tmp_path, text, "one", "two", "three") as made:

        async def work() -> None:
            answers = (await made.ask(0, 1, 2)).answers
            assert answers[-1].detail == "one two"

        run(made, work)
