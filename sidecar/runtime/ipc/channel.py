"""Messages between control and each of the others: datagrams on a pair of Unix sockets, descriptors along with them.

A pair is made by the supervisor and lives as long as it does; incarnations at either end come and go, and a message is
received whole or not at all. Every message names whose it is (incarnation) and what it is about (generation: a random
number, drawn for each question), so that one which was meant for somebody's predecessor is seen to be.
"""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from sidecar.memory.scoreboard import DIGEST_BYTES

_HEAD = Struct(f"=BxxxIQ{DIGEST_BYTES}s")
_NO_DIGEST = bytes(DIGEST_BYTES)
_MAX_TEXT = 2048


class Kind(IntEnum):
    """What a message says."""

    WHO = 1  #: control: say HELLO
    HELLO = 2  #: server: this is the Trust I was given last
    PREPARE = 3  #: control: make a Trust of the snapshot that comes along, and keep it ready
    PREPARED = 4  #: server: it is ready, and this is its digest
    REFUSED = 5  #: server: it cannot be made; the text says why
    COMMIT = 6  #: control: from now on serve under that which is ready
    COMMITTED = 7  #: server: done
    #: control to supervisor: whoever starts from now on starts with the snapshot that comes along; ``generation`` is 1
    #: where its Trust is another one, and 0 where the same was confirmed
    KEEP = 8
    #: control to supervisor: this incarnation of a child (``generation`` has its index) does not answer
    REPLACE = 9
    REFETCH = 10  #: server: a token has a key that the issuer (``digest``, of its configuration) has not; fetch them
    #: control: done, or nothing to be done; the Trust was changed first. Not again for ``generation`` milliseconds
    REFETCHED = 11
    #: control: the keys of the Trust with this digest were confirmed; until when they are good comes along
    CONFIRMED = 12
    USED = 13  #: server: good tokens came that were signed with the key of this digest
    #: control to supervisor: ``generation`` verifiers for everything there are to be, as long as this is said again
    RESIZE = 14
    WARM = 15  #: control: verify the tokens that come along, for the shared cache
    WARMED = 16  #: server: done; the text is how many ended how, as JSON


_KINDS = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``descriptors`` are the receiver's to close."""

    kind: Kind
    generation: int = 0
    incarnation: int = 0  #: of a server; they count from 1, and 0 is whichever there is
    digest: bytes = _NO_DIGEST
    text: str = ""
    descriptors: tuple[int, ...] = ()


class Channel:
    """One end. Never waits."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)  # noqa: FBT003 - positional only
        self._end = end

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._end.fileno()

    def send(self, message: Message) -> bool:
        """Send a message; ``False`` where the other end has not taken the last ones."""
        head = _HEAD.pack(message.kind, message.incarnation, message.generation, message.digest)
        data = head + message.text.encode("utf-8", "replace")[:_MAX_TEXT]
        try:
            socket.send_fds(self._end, [data], list(message.descriptors))
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """Return the next message, or ``None``: there is none now. What is no message is dropped."""
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._end, _HEAD.size + _MAX_TEXT, 4)
            except OSError:
                return None
            message = _read(data, tuple(descriptors))
            if message is None:
                close_all(descriptors)
            if message is not None or not data:
                return message


def close_all(descriptors: Iterable[int]) -> None:
    """Close the descriptors of a message that nobody wants."""
    for fd in descriptors:
        os.close(fd)


def _read(data: bytes, descriptors: tuple[int, ...]) -> Message | None:
    if len(data) < _HEAD.size or data[0] not in _KINDS:
        return None
    kind, incarnation, generation, digest = _HEAD.unpack_from(data)
    text = data[_HEAD.size :].decode("utf-8", "replace")
    return Message(Kind(kind), generation, incarnation, digest, text, descriptors)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
