"""Who may connect to a Unix socket: real processes of other users, and what the kernel says of them."""

import asyncio
import logging
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.observe.transport_counts import Limit
from sidecar.transport.address import AddressError, TcpAddress
from sidecar.transport.native.listening import SocketOptions, listen
from sidecar.transport.native.peers import AllowedPeers, Doorkeeper
from sidecar.transport.seldom import TELL_SECONDS
from transport.native.client import LOOPS, Client, LoopFactory, ended, run, serving
from transport.native.wire import call, greeting, replies

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SO_PEERCRED is Linux'")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
_OTHER, _GROUP, _OVERFLOW = 48211, 48212, 65534
#: Says what came before the connection was closed by us; empty where that was at once.
_PROBE = """
import os, socket, sys
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
with socket.socket(socket.AF_UNIX) as one:
    one.settimeout(30)
    one.connect(sys.argv[1])
    try:
        one.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        print(one.recv(1 << 16).hex())
    except (BrokenPipeError, ConnectionResetError):
        print("")
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Yield a folder that any user can go through, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


async def _greeted(path: Path, user: int, group: int) -> bool:
    """Say whether a process of that user is greeted; one that is not gets not a single byte."""
    found = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-S", "-c", _PROBE, str(path), str(user), str(group)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return found.stdout.strip() != ""


@as_root
@pytest.mark.parametrize("loop", LOOPS)
def test_users_and_groups(loop: LoopFactory, shared_folder: Path) -> None:
    """Everybody may open the socket, and only a process of the user, and of the group, is heard; root is no exception.

    Those who are turned away are counted, and who is let in is served.
    """
    path = shared_folder / "a.sock"
    options = SocketOptions(0o666, allowed_peers=AllowedPeers(frozenset({_OTHER}), frozenset({_GROUP})))

    async def scenario() -> None:
        async with serving(f"unix:{path}", options=options) as (server, _):
            assert await _greeted(path, _OTHER, _GROUP)
            for user, group in ((_OTHER + 7, _GROUP), (_OTHER, _GROUP + 7), (0, 0), (_OVERFLOW, _OVERFLOW)):
                assert not await _greeted(path, user, group)
            assert server.counts.limits[Limit.ALLOWED_PEERS] == 4
            assert (server.counts.connections, server.connections) == (5, 0)

    run(scenario, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_our_own_user(loop: LoopFactory, tmp_path: Path) -> None:
    """One that is let in is answered as ever, over an abstract socket as well."""
    options = SocketOptions(allowed_peers=AllowedPeers(users=frozenset({os.geteuid()})))

    async def scenario() -> None:
        for where in (f"unix:{tmp_path}/a.sock", f"unix:@peers{tmp_path}"):
            async with serving(where, options=options) as (server, address), Client(address) as client:
                await client.send(greeting() + call(1))
                assert replies(await client.until(ended(1)))[1].message == b"hello"
                assert server.counts.limits[Limit.ALLOWED_PEERS] == 0

    run(scenario, loop)


class _Transport:
    """What the kernel would say of its peer: bytes, or an error."""

    def __init__(self, found: bytes | OSError) -> None:
        self._found = found

    def get_extra_info(self, name: str) -> "_Transport":
        assert name == "socket"
        return self

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option, size) == (socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if isinstance(self._found, OSError):
            raise self._found
        return self._found


def _admits(keeper: Doorkeeper, found: bytes | OSError) -> bool:
    return keeper.admits(_Transport(found))


def _peer(user: int, group: int) -> bytes:
    return struct.pack("=iII", 4711, user, group)


def test_what_cannot_be_told() -> None:
    """No answer of the kernel's, half of one, and the numbers for "nobody" let nobody in."""
    keeper = Doorkeeper(AllowedPeers(users=frozenset({1000})), lambda: 0.0)
    for found in (OSError("gone"), b"", _peer(1000, 1000)[:8], _peer(2**32 - 1, 2**32 - 1), _peer(_OVERFLOW, 0)):
        assert not _admits(keeper, found)
    assert _admits(keeper, _peer(1000, 5))
    assert _admits(Doorkeeper(AllowedPeers(users=frozenset({_OVERFLOW})), lambda: 0.0), _peer(_OVERFLOW, 0))


@given(
    st.frozensets(st.integers(0, 3)),
    st.frozensets(st.integers(0, 3)),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_both_must_be_right(users: frozenset[int], groups: frozenset[int], user: int, group: int) -> None:
    """Each list that is there must have the peer's number, and one must be there."""
    lists = [(users, user), (groups, group)]
    wanted = any(one for one, _ in lists) and all(number in one for one, number in lists if one)
    assert AllowedPeers(users, groups).admit(user, group) is wanted


def test_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Of a crowd that is turned away there is one line, and the next, later, says how many there were."""
    now = 100.0
    keeper = Doorkeeper(AllowedPeers(users=frozenset({1})), lambda: now)
    with caplog.at_level(logging.WARNING):
        for _ in range(500):
            assert not _admits(keeper, _peer(2, 2))
        now += TELL_SECONDS
        assert not _admits(keeper, _peer(3, 3))
    assert [record.getMessage().rpartition("; ")[2] for record in caplog.records] == [
        "1 such since last told",
        "500 such since last told",
    ]


def test_refused_where_nobody_can_be_told() -> None:
    """Of who connects to a port the kernel tells no user: so nobody may listen there with such a list."""
    with pytest.raises(AddressError, match="who connects to a port cannot be told"):
        listen(TcpAddress("127.0.0.1", 0), SocketOptions(allowed_peers=AllowedPeers(frozenset({0}))), shared=False)
