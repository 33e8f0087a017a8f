"""Messages between control and the others, and the blobs that go along."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.runtime.ipc.blob import load, store
from sidecar.runtime.ipc.channel import Channel, Kind, Message, pair
from sidecar.runtime.ipc.handles import Handle


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a channel."""
    first, second = pair()
    with first, second:
        yield first, second


def test_message_comes_as_it_was_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    """Every field of a message arrives, and nothing is there before and after."""
    here, there = map(Channel, ends)
    assert there.receive() is None
    sent = Message(Kind.PREPARED, 7, 3, b"d" * 32, "text ü")
    assert here.send(sent)
    assert there.receive() == sent
    assert there.receive() is None


def test_descriptor_goes_along(ends: tuple[socket.socket, socket.socket]) -> None:
    """A snapshot goes to another process as a descriptor."""
    here, there = map(Channel, ends)
    with store(b"snapshot" * 1000) as held:
        assert here.send(Message(Kind.PREPARE, 1, descriptors=(held.fileno(),)))
        message = there.receive()
    assert message is not None
    with Handle(message.descriptors[0]).open() as arrived:
        assert load(arrived) == b"snapshot" * 1000


def test_nobody_who_does_not_read_is_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    """Once the other end takes no more, sending says so; what was sent is whole."""
    here, there = map(Channel, ends)
    sent = 0
    while here.send(Message(Kind.HELLO, sent)):
        sent += 1
    received = [message.generation for message in iter(there.receive, None)]
    assert received == list(range(sent))
    assert sent > 0


@given(st.binary(max_size=200))
def test_what_is_no_message_is_dropped(data: bytes) -> None:
    """Bytes of any kind are a message or nothing, and what comes after them is received."""
    first, second = pair()
    with first, second:
        there = Channel(second)
        first.send(data)
        Channel(first).send(Message(Kind.WHO, 5))
        found = list(iter(there.receive, None))
    assert [message.generation for message in found][-1:] == [5] or not data


@pytest.mark.parametrize("data", [b"", b"short", b"\xff" * 100])
def test_descriptor_of_no_message_is_closed(ends: tuple[socket.socket, socket.socket], data: bytes) -> None:
    """What comes along with bytes that are no message is not kept open."""
    first, second = ends
    reader, writer = os.pipe()
    socket.send_fds(first, [data], [writer])
    os.close(writer)
    assert Channel(second).receive() is None
    assert os.read(reader, 1) == b""  # its end: nobody has the other one
    os.close(reader)


def test_text_is_cut_and_never_lost(ends: tuple[socket.socket, socket.socket]) -> None:
    """A long reason arrives in part."""
    here, there = map(Channel, ends)
    assert here.send(Message(Kind.REFUSED, text="x" * 100_000))
    message = there.receive()
    assert message is not None
    assert set(message.text) == {"x"}


@pytest.mark.parametrize("data", [b"", b"a", bytes(5000)])
def test_blob(data: bytes) -> None:
    """Bytes of any length come back."""
    with store(data) as held:
        assert load(held) == data


def test_blob_that_says_too_much() -> None:
    """A segment that is too short for what it says is refused."""
    with store(b"a") as held:
        held.memory[:8] = (1 << 40).to_bytes(8, "little")
        with pytest.raises(ValueError, match="does not hold"):
            load(held)


def test_descriptors_are_not_inherited_by_programs() -> None:
    """A snapshot's descriptor does not leak into programs that somebody starts."""
    with store(b"a") as held:
        assert not os.get_inheritable(held.fileno())
