"""What control says to the supervisor, and what comes of it when that is nonsense."""

import fcntl
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import cast

import pytest

from sidecar.memory.segment import Segment
from sidecar.runtime.ipc.blob import load, store
from sidecar.runtime.ipc.channel import Channel, Kind, Message, pair
from sidecar.runtime.supervision.children import Children
from sidecar.runtime.supervision.hearing import Hearing


class _Children:
    """What ``Hearing`` uses of the supervisor's children."""

    def __init__(self, control: socket.socket, snapshot: Segment) -> None:
        self.control = control
        self.snapshot = snapshot
        self.killed: list[tuple[int, int]] = []
        self.wished: list[int] = []

    def wish(self, count: int) -> None:
        """Note it."""
        self.wished.append(count)

    def kill(self, index: int, incarnation: int) -> None:
        """Note it."""
        self.killed.append((index, incarnation))


class Scene:
    """A supervisor that hears, and control's end of the channel."""

    def __init__(self, stack: ExitStack) -> None:
        ours, theirs = (stack.enter_context(end) for end in pair())
        self.children = _Children(ours, store(b"old"))
        stack.callback(lambda: self.children.snapshot.close())  # noqa: PLW0108 - that which it has then
        self.hearing = Hearing(cast("Children", self.children))
        self._control = Channel(theirs)

    def say(self, kind: Kind, *descriptors: int, generation: int = 0, incarnation: int = 0) -> None:
        """Say something, hear it, and see that no descriptor is left of it but that of the snapshot."""
        before = _open_descriptors() - {self.children.snapshot.fileno()}
        assert self._control.send(Message(kind, generation, incarnation, descriptors=descriptors))
        self.hearing.hear()
        assert len(_open_descriptors() - {self.children.snapshot.fileno()}) == len(before)

    @property
    def snapshot(self) -> bytes:
        """Return what those are given that start."""
        return load(self.children.snapshot)


def _open_descriptors() -> set[int]:
    found = set()
    for entry in list(Path("/dev/fd").iterdir()):
        with suppress(OSError):  # that of the listing
            os.fstat(int(entry.name))
            found.add(int(entry.name))
    return found


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return it."""
    with ExitStack() as stack:
        yield Scene(stack)


def test_configuration_is_kept(scene: Scene) -> None:
    """A snapshot that control sends is what those are given that start from then on; one that is new is counted."""
    assert scene.hearing.generation == 1
    for text, is_new, generation in ((b"new", 1, 2), (b"the same, confirmed", 0, 2), (b"newer", 1, 3)):
        with store(text) as held:
            scene.say(Kind.KEEP, held.fileno(), generation=is_new)
        assert (scene.snapshot, scene.hearing.generation) == (text, generation)


def _unsealed() -> int:
    return os.memfd_create("test")


def _empty() -> int:
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return fd


def _not_to_be_written() -> int:
    """Return one that cannot be mapped: an ``OSError``, as when there are no more descriptors or no memory."""
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return fd


@pytest.mark.parametrize("make", [_unsealed, _empty, _not_to_be_written])
def test_what_cannot_be_kept_changes_nothing(
    scene: Scene, make: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    """A descriptor that is no configuration is closed and reported; the old one stays, and the supervisor goes on."""
    fd = make()
    try:
        scene.say(Kind.KEEP, fd)
    finally:
        os.close(fd)
    assert (scene.snapshot, scene.hearing.generation) == (b"old", 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.parametrize("count", [0, 3, (1 << 64) - 1])
def test_wish_is_passed_on(scene: Scene, count: int) -> None:
    """Control says how many verifiers there are to be, whatever the number."""
    scene.say(Kind.RESIZE, generation=count)
    assert (scene.children.wished, scene.children.killed) == ([count], [])


@pytest.mark.parametrize("count", [0, 2])
def test_no_or_too_many_descriptors(scene: Scene, count: int, caplog: pytest.LogCaptureFixture) -> None:
    """A configuration that did not come along, as the kernel has it where no descriptor is free, is reported."""
    with store(b"new") as held:
        scene.say(Kind.KEEP, *[held.fileno()] * count)
    assert (scene.snapshot, scene.hearing.generation) == (b"old", 1)
    assert "no configuration came along" in caplog.text


def test_replacing_names_the_incarnation(scene: Scene) -> None:
    """Who is to be replaced is named with its incarnation."""
    scene.say(Kind.REPLACE, generation=2, incarnation=5)
    assert scene.children.killed == [(2, 5)]


def test_what_is_not_for_it_is_dropped(scene: Scene) -> None:
    """A message that is for others does nothing, and what came along is closed."""
    with store(b"new") as held:
        scene.say(Kind.PREPARE, held.fileno())
    assert (scene.snapshot, scene.children.killed) == (b"old", [])
