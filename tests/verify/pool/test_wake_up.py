"""Waking up, by eventfd and by pipe."""

import os
import select
from collections.abc import Callable, Iterator

import pytest

from sidecar.verify.pool import wake_up
from sidecar.verify.pool.wake_up import WakeUp


@pytest.fixture(params=[wake_up.create, wake_up._pipe])
def made(request: pytest.FixtureRequest) -> Iterator[WakeUp]:
    """Give one of either kind."""
    create: Callable[[], WakeUp] = request.param
    with create() as one:
        yield one


def is_awake(one: WakeUp) -> bool:
    """Say whether a wait would end at once."""
    return bool(select.select([one.fileno()], [], [], 0)[0])


def test_wakes_until_drained(made: WakeUp) -> None:
    """It wakes once for any number of wake-ups, and again after it was drained."""
    assert not is_awake(made)
    for _ in range(3):
        made.wake()
        made.wake()
        assert is_awake(made)
        made.drain()
        assert not is_awake(made)


def test_never_waits(made: WakeUp) -> None:
    """Neither draining nothing nor waking more often than there is room for waits or fails."""
    made.drain()
    for _ in range(10_000):
        made.wake()
    if made.reader == made.writer:
        os.eventfd_write(made.writer, 2**64 - 2 - os.eventfd_read(made.reader))
        made.wake()
        made.wake()
    assert is_awake(made)


def test_not_inherited(made: WakeUp) -> None:
    """Other programs do not get it unless it is handed to them, and they do not hand it on."""
    for fd in {made.reader, made.writer}:
        assert not os.get_inheritable(fd)
        os.set_inheritable(fd, True)  # noqa: FBT003 - positional only
    assert wake_up.attach(made.reader, made.writer) == made
    assert not any(os.get_inheritable(fd) for fd in (made.reader, made.writer))


def test_nobody_left() -> None:
    """Waking a pipe whose reader is closed is no error: the process that waited is being replaced."""
    made = wake_up._pipe()
    os.close(made.reader)
    made.wake()
    os.close(made.writer)
