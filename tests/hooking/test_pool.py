"""Functions that calculate, asked in processes of their own."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from hooking.modules import Hooks, hooks, run
from sidecar.core.hooked import HookResult
from sidecar.engine.engine import OverloadError
from sidecar.observe.pool_series import Failure
from support.identities import identity
from support.processes import eventually

_PID = "@hook(cpu_bound=True)\ndef check(request, identity): return add(metadata={'pid': os.getpid()})\n"


async def _pid(made: Hooks) -> int:
    (answer,) = (await made.ask()).answers
    assert answer.result is HookResult.ADD, answer
    return int(answer.metadata.partition(": ")[2].rstrip("}"))


def test_says(tmp_path: Path) -> None:
    """What it is asked and what it says goes through a pipe as it is."""
    text = """
@hook(cpu_bound=True, sets_headers=["x-tenant"], reads_headers=["x-mode"])
def check(request, identity):
    print("to nobody")
    said = request.headers.get("x-mode"), request.context, identity.claims["roles"], sorted(identity.scopes)
    return add({"x-tenant": "grün"}, metadata={"said": repr(said)})
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            who = made.need().identity
            assert who is not None
            from support.identities import identity  # noqa: PLC0415 - beside its use

            roles = identity(roles=["a", {"b": [1]}], scope="x y")
            (answer,) = (await made.ask(headers={"x-mode": "grün"}, identity=roles)).answers
            assert answer.headers == (("x-tenant", "grün"),)
            assert "('grün', mappingproxy({}), ('a', mappingproxy({'b': (1,)})), ['x', 'y'])" in answer.metadata

        run(made, work)


@pytest.mark.parametrize("line", ["raise SystemExit(0)", "return 5", "raise ValueError('x')", "return request.query_"])
def test_fails(tmp_path: Path, line: str) -> None:
    """Whatever it raises denies, and its process goes on."""
    with hooks(tmp_path, f"@hook(cpu_bound=True)\ndef check(request, identity):\n    {line}\n") as made:

        async def work() -> None:
            before = made.pool.pids
            for _ in range(2):
                assert (await made.one())[0] is HookResult.FAILED
            assert made.pool.pids == before

        run(made, work)


def test_too_late(tmp_path: Path) -> None:
    """One that does not come back is ended with its process, and others are asked by the next."""
    text = """
@hook(cpu_bound=True, reads_headers=["x-mode"], timeout=0.5)
def check(request, identity):
    while request.headers.get("x-mode") == "spin": pass
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            (before,) = made.pool.pids
            assert (made.asker.processes, made.asker.waiting) == (1, 0)
            assert await made.one(headers={"x-mode": "spin"}) == (HookResult.TIMEOUT, "no answer after 0.5 seconds")
            assert made.told.failures == [Failure.LATE]
            assert (made.asker.processes, made.asker.waiting) == (0, 0)  # until the next one is ready
            while True:
                try:
                    assert (await made.one())[0] is HookResult.NOTHING
                    break
                except OverloadError:
                    continue  # the next one is on its way
            assert made.pool.pids.isdisjoint({before})

        run(made, work)


def test_process_that_is_killed(tmp_path: Path) -> None:
    """A check whose process ends is not lost: another one answers it."""
    with hooks(tmp_path, _PID, workers=2) as made:

        async def work() -> None:
            for _ in range(3):
                pid = await _pid(made)
                os.kill(pid, signal.SIGKILL)
                assert await _pid(made) != pid
            # None where the pool has seen the end of a process before it would have been asked.
            assert set(made.told.failures) <= {Failure.LOST}

        run(made, work)


def test_question_that_is_no_json(tmp_path: Path) -> None:
    """A question that cannot be put fails, and costs no process: the next one is answered."""
    with hooks(tmp_path, _PID) as made:

        async def work() -> None:
            for _ in range(2 * len(made.pool.pids)):
                with pytest.raises(TypeError):
                    await made.ask(identity=identity(roles=[object()]))
            assert await _pid(made) > 0

        run(made, work)


def test_process_that_ends_itself(tmp_path: Path) -> None:
    """A hook that ends its process again denies."""
    text = "@hook(cpu_bound=True)\ndef check(request, identity): os._exit(0)\n"
    with hooks(tmp_path, text, workers=2) as made:

        async def work() -> None:
            assert await made.one() == (HookResult.FAILED, "it ended the process it was asked in, twice")

        run(made, work)


def test_no_more_than_may_wait(tmp_path: Path) -> None:
    """Checks beyond those that may wait are shed, and the others answered."""
    text = """
@hook(cpu_bound=True)
def check(request, identity): time.sleep(0.05)
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            found = await asyncio.gather(*(made.one() for _ in range(20)), return_exceptions=True)
            assert sum(isinstance(one, OverloadError) for one in found) == 4
            assert found.count((HookResult.NOTHING, "")) == 16
            assert made.meter.count("shed") == 4
            assert made.told.failures == [Failure.FULL] * 4
            assert made.told.jobs_done == len(made.told.waits) == len(made.told.batches) == 16
            # Each waited for all before it.
            assert made.told.waits == sorted(made.told.waits)
            assert made.told.waits[-1] > sum(seconds for _, seconds in made.told.batches[:-1]) * 0.9

        run(made, work)


def test_caller_that_goes_away(tmp_path: Path) -> None:
    """A check that is given up costs no process."""
    text = """
@hook(cpu_bound=True)
def check(request, identity): time.sleep(0.2)
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            before = made.pool.pids
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await made.ask()
            assert (await made.one())[0] is HookResult.NOTHING
            assert made.pool.pids == before

        run(made, work)


def test_caller_that_goes_away_before(tmp_path: Path) -> None:
    """What nobody waits for any more before a process is free is not asked."""
    text = """
calls = []
@hook(cpu_bound=True)
def check(request, identity):
    calls.append(1)
    time.sleep(0.2)
    return deny(str(len(calls)))
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            first = asyncio.create_task(made.one())
            await asyncio.sleep(0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await made.ask()
            assert await first == (HookResult.DENY, "1")
            assert await made.one() == (HookResult.DENY, "2")

        run(made, work)


def test_they_end_with_their_server(tmp_path: Path) -> None:
    """Processes are gone when the pool is closed."""
    with hooks(tmp_path, _PID, workers=2) as made:
        pids: set[int] = set()

        async def work() -> None:
            pids.update(made.pool.pids)
            assert len(pids) == 2

        run(made, work)
        assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_process_that_reads_nothing(tmp_path: Path) -> None:
    """A hook that reads its input, or writes to its output, gets nothing of what is between the processes."""
    text = """
@hook(cpu_bound=True)
def check(request, identity):
    os.write(1, b"\\x00\\x00\\x00\\x02{}")
    return deny(repr(sys.stdin.buffer.read()))
"""
    with hooks(tmp_path, text) as made:

        async def work() -> None:
            for _ in range(2):
                assert await made.one() == (HookResult.DENY, "b''")

        run(made, work)


def test_code_that_has_changed(tmp_path: Path) -> None:
    """A process that starts with another code than the Trust names asks nobody, and denies."""
    with hooks(tmp_path, _PID) as made:
        module = made.facts[0].call.partition(":")[0]
        (tmp_path / f"{module}.py").write_text("def check(request, identity): ...\n", encoding="utf-8")

        async def work() -> None:
            result, why = await made.one()
            assert result is HookResult.FAILED
            assert "has changed since the sidecar started" in why

        run(made, work)
