"""Bytes cut into frames."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native import frames
from sidecar.transport.native.errors import H2ConnectionError
from sidecar.transport.native.frames import Frame, frame
from sidecar.transport.native.inbox import Inbox

FRAMES = st.lists(
    st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**31 - 1), st.binary(max_size=200)),
    max_size=10,
)


def taken(inbox: Inbox) -> list[Frame]:
    """Return all frames that are whole."""
    found = []
    while (one := inbox.frame()) is not None:
        found.append(one)
    return found


@given(FRAMES, st.lists(st.integers(0, 300)))
def test_frames_come_out_as_they_went_in(sent: list[Frame], cuts: list[int]) -> None:
    """Wherever the bytes are cut."""
    data = b"".join(frame(*one) for one in sent)
    inbox, found = Inbox(16384), list[Frame]()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for begin, end in pairwise(edges):
        inbox.add(data[begin:end], 0.0)
        found += taken(inbox)
    assert found == sent
    assert inbox.waiting_since is None


def test_frame_that_is_not_whole_is_waited_for_since_it_began() -> None:
    """However many pieces come meanwhile; the next one begins anew."""
    inbox = Inbox(16384)
    ping = frame(frames.PING, 0, 0, bytes(8))
    for now, piece, since in (
        (1.0, ping[:3], 1.0),
        (2.0, ping[3:10], 1.0),
        (3.0, ping[10:11], 1.0),
        (4.0, ping[11:] + ping[:2], 4.0),
        (5.0, ping[2:] + ping, None),
        (6.0, ping[:16], 6.0),
    ):
        inbox.add(piece, now)
        taken(inbox)
        assert inbox.waiting_since == since


def test_pieces_are_joined_when_there_is_enough() -> None:
    """A frame in many small pieces is not copied at each of them."""
    inbox = Inbox(16384)
    whole = frame(frames.DATA, 0, 1, bytes(10_000))
    for at in range(0, len(whole) - 10, 10):
        inbox.add(whole[at : at + 10], 0.0)
        assert taken(inbox) == []
        assert inbox.data == b""
    inbox.add(whole[-(len(whole) % 10 or 10) :], 0.0)
    assert [len(one.payload) for one in taken(inbox)] == [10_000]


@pytest.mark.parametrize("size", [16385, 2**24 - 1])
def test_frame_too_large_is_refused_by_its_head(size: int) -> None:
    """Before any of it is kept."""
    inbox = Inbox(16384)
    inbox.add(frames.HEAD.pack(size >> 8, size & 0xFF, frames.DATA, 0, 1), 0.0)
    with pytest.raises(H2ConnectionError, match=f"FRAME_SIZE_ERROR: a frame of {size} bytes"):
        inbox.frame()
