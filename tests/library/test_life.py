"""Open and closed, loops, threads and forks: what is misuse, and that nothing is left behind."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sidecar import Authenticator, ClosedError, MisuseError, Refused, WrongLoopError
from support.authenticators import settings, token

_TESTS = Path(__file__).parents[1]
_CALLS: list[Callable[[Authenticator], Any]] = [
    lambda made: made.authenticate_sync(token()),
    lambda made: made.authenticate_sync(None),
    lambda made: made.authenticate_batch_sync([]),
    lambda made: asyncio.run(made.authenticate(token())),
    lambda made: asyncio.run(made.authenticate_batch([token()])),
    lambda made: made.health(),
    lambda made: made.metrics(),
    lambda made: made.report(),
]


@pytest.mark.parametrize("call", range(len(_CALLS)))
def test_closed(call: int) -> None:
    """Before it is opened and after it is closed it is misuse to ask it anything; known tokens too."""
    made = Authenticator(settings())
    with pytest.raises(ClosedError, match="not open"):
        _CALLS[call](made)
    with made:
        made.authenticate_sync(token())
        with pytest.raises(MisuseError, match="open already"):
            made.open()
    made.close()
    with pytest.raises(ClosedError, match="not open"):
        _CALLS[call](made)
    with made:  # and once more
        assert made.authenticate_sync(token())


def test_opened_by_two_at_once_in_a_loop() -> None:
    """One of them has it, and the other is told so: of two services one would be stopped by nobody."""

    async def scenario() -> None:
        made = Authenticator(settings())
        found = await asyncio.gather(made.aopen(), made.aopen(), return_exceptions=True)
        assert [type(one) for one in found if one is not made] == [ClosedError]
        assert await made.authenticate(token())
        await made.aclose()
        async with made:
            assert await made.authenticate(token())

    asyncio.run(scenario())


def test_opened_by_two_threads_at_once() -> None:
    """As above; and what one that could not be opened has begun is no hindrance to the next."""
    made, both = Authenticator(settings()), threading.Barrier(2)

    def opened() -> bool:
        both.wait()
        try:
            made.open()
        except ClosedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(one.result() for one in [pool.submit(opened) for _ in range(2)]) == [False, True]
    assert made.authenticate_sync(token())
    made.close()
    with made:
        assert made.authenticate_sync(token())


def test_from_threads_and_loops() -> None:
    """With a thread of its own, any thread and any loop may ask, at once."""
    with Authenticator(settings()) as made:
        tokens = [token(f"s{number}") for number in range(40)]
        with ThreadPoolExecutor(8) as pool:
            subjects = [found.subject for found in pool.map(made.authenticate_sync, tokens * 5) if found]
        assert subjects == [f"s{number}" for number in range(40)] * 5
        for _ in range(2):
            assert all(asyncio.run(made.authenticate_batch(tokens)))
            assert asyncio.run(made.authenticate(token("new")))


def test_in_a_loop() -> None:
    """Opened in a loop it is for that loop, and for other threads; neither blocks itself."""
    good, unknown = token(), token("unknown")

    async def main() -> None:
        async with Authenticator(settings()) as made:
            assert await made.authenticate(good)
            assert await asyncio.to_thread(made.authenticate_sync, unknown)
            assert (await asyncio.to_thread(made.health)).ok
            assert made.health().ok
            with pytest.raises(WrongLoopError, match="await"):
                made.authenticate_batch_sync([good])
            with pytest.raises(WrongLoopError, match="await"):
                made.authenticate_sync(token("other"))
            with pytest.raises(WrongLoopError, match="aclose"):
                made.close()
            for one in (good, "x"):  # known or not
                with pytest.raises(WrongLoopError, match="another event loop"):
                    await asyncio.to_thread(lambda text=one: asyncio.run(made.authenticate(text)))  # type: ignore[misc]
            assert await made.authenticate(good)

    asyncio.run(main())


def test_a_loop_that_is_gone() -> None:
    """Whose loop has ended without closing it gets a refusal or a word about it, and waits for nothing."""
    loop = asyncio.new_event_loop()
    made = Authenticator(settings())
    loop.run_until_complete(made.aopen())
    known = token()
    assert loop.run_until_complete(made.authenticate(known))
    # Not running: nobody answers, nor looks whether what is known was revoked since, or signed with a key that is gone.
    for text in (known, token("unknown")):
        assert isinstance(made.authenticate_sync(text), Refused)
    loop.run_until_complete(made.aclose())
    loop.close()


def test_closed_between_look_and_question() -> None:
    """Who asked while it was closed is let in no more, known or not."""
    known = token()
    with Authenticator(settings()) as made:
        assert made.authenticate_sync(known)
        opened = made._opened()
    made._now = opened  # as a thread has it that was held up between its look and its question
    for text in (known, token("unknown")):
        with pytest.raises(ClosedError, match="loop is closed"):
            made.authenticate_sync(text)
    made._now = None


def test_cancelled() -> None:
    """Who is cancelled gets CancelledError and nobody's identity; the authenticator goes on."""

    async def main() -> None:
        async with Authenticator(settings()) as made:
            task = asyncio.create_task(made.authenticate(token()))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await made.authenticate(token())

    asyncio.run(main())
    with Authenticator(settings()) as made:

        async def other() -> None:
            task = asyncio.create_task(made.authenticate_batch([token(f"c{number}") for number in range(200)]))
            await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(other())
        assert made.authenticate_sync(token())


@pytest.mark.parametrize("timeout", [0.0, -1.0, 1e-9])
def test_no_time(timeout: float) -> None:
    """What is not known in time is refused for that, alone and in a batch."""
    with Authenticator(settings()) as made:
        alone = made.authenticate_sync(token(), timeout=timeout)
        batch = made.authenticate_batch_sync([token(f"t{number}") for number in range(5)], timeout=timeout)
        assert {one.reason.value for one in (alone, *batch)} == {"deadline_exceeded"}  # type: ignore[union-attr]


def test_closed_meanwhile() -> None:
    """Whoever waits while it is closed gets an answer: somebody or a refusal, and no exception."""
    made = Authenticator(settings())
    made.open()
    results: list[object] = []
    tokens = [token(f"m{number}") for number in range(300)]

    def ask() -> None:
        results.extend(made.authenticate_batch_sync(tokens))

    thread = threading.Thread(target=ask)
    thread.start()
    made.close()
    thread.join()
    assert len(results) in {0, 300}  # 0: it came too late altogether


_PROGRAM = """
import os, sys
from sidecar import Authenticator, ClosedError
from support.authenticators import settings, token
made = Authenticator(settings(enable_multiprocessing=True, verification_workers=1)).open()
good = token()
assert made.authenticate_sync(good)
verifier = made._now.service.verifier_pids[0]
read, write = os.pipe()
child = os.fork()
if child == 0:
    for output in (1, 2):
        os.dup2(os.open("/dev/null", os.O_WRONLY), output)  # whoever reads these waits for our parent's end
    try:
        for ask in (lambda: made.authenticate_sync(good), lambda: made.authenticate_sync("x"), made.health):
            try:
                ask()
                os._exit(1)
            except ClosedError as error:
                assert "fork" in str(error)
        made.close()
        with Authenticator(settings()) as own:
            assert own.authenticate_sync(good)
        os.write(write, b"fine")
        os.read(int(sys.argv[1]), 1)  # outlives its parent
    finally:
        os._exit(2)
os.close(write)
assert os.read(read, 4) == b"fine"
assert made.authenticate_sync(token("still"))
print(verifier, child, flush=True)
os.kill(os.getpid(), 9)
"""


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_fork() -> None:
    """A forked child may not use its parent's, and may have its own; it keeps no verifier of a parent that is gone."""
    hold, stay = os.pipe()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _PROGRAM, str(hold)],
        capture_output=True,
        text=True,
        timeout=60,
        pass_fds=(hold,),
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        check=False,
    )
    try:
        assert done.returncode == -9, done.stderr
        verifier, child = map(int, done.stdout.split())
        assert not _is_gone(child)
        ended = threading.Event()
        for _ in range(500):
            if _is_gone(verifier):
                break
            ended.wait(0.02)
        assert _is_gone(verifier)
    finally:
        os.close(stay)
        os.close(hold)


def test_ends_with_the_program() -> None:
    """A program that forgets to close it ends all the same, and so do the verifiers."""
    program = _PROGRAM.partition("read, write")[0] + "print(verifier)"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert _is_gone(int(done.stdout))


def test_leaves_nothing_open() -> None:
    """Opened and closed again and again it keeps no descriptor, thread or process."""
    made = Authenticator(settings(enable_multiprocessing=True, verification_workers=1))

    def there() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208 - a number is wanted

    with made:
        pass
    before = there()
    for _ in range(3):
        with made:
            (pid,) = made._now.service.verifier_pids  # type: ignore[union-attr]
        assert _is_gone(pid)
    # mmap's own copies of descriptors go with the last reference.
    import gc  # noqa: PLC0415

    gc.collect()
    assert there()[0] <= before[0]
    assert there()[1] <= before[1]
