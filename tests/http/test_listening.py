"""Where is listened: permissions, what was left behind, and addresses that do not do."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.http.address import parse
from sidecar.http.listening import ListenError, listen
from sidecar.transport.address import AddressError, TcpAddress, UnixAddress
from support.listeners import folder


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder with a short name."""
    with folder() as made:
        yield made


@pytest.fixture
def address(place: Path) -> UnixAddress:
    """Give an address in it."""
    return UnixAddress(str(place / "a.sock"))


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_permissions_are_exact(address: UnixAddress, umask: int, mode: int) -> None:
    """The socket has exactly the permissions that were asked for, whatever the umask, which stays as it was."""
    before = os.umask(umask)
    try:
        listening = listen(address, mode)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.lstat(address.path).st_mode) == mode
    listening.close()
    assert not Path(address.path).exists()


def test_permissions_are_never_wider(address: UnixAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the socket begins to take connections, and even before, its permissions are already narrow."""
    seen = []
    bind, listen_ = socket.socket.bind, socket.socket.listen

    def watched_bind(self: socket.socket, where: str) -> None:
        bind(self, where)
        seen.append(stat.S_IMODE(os.lstat(where).st_mode))

    def watched_listen(self: socket.socket, backlog: int) -> None:
        seen.append(stat.S_IMODE(os.lstat(address.path).st_mode))
        listen_(self, backlog)

    monkeypatch.setattr(socket.socket, "bind", watched_bind)
    monkeypatch.setattr(socket.socket, "listen", watched_listen)
    listen(address).close()
    assert seen == [0o600, 0o600]


def test_what_was_left_behind_is_replaced(address: UnixAddress) -> None:
    """A socket on which nobody answers, as a killed process leaves it, is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(address.path)
    listening = listen(address)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(address.path)
    listening.close()


def test_living_server_is_not_robbed(address: UnixAddress) -> None:
    """Where somebody answers, nobody else listens, and the socket stays."""
    first = listen(address)
    with pytest.raises(ListenError, match="another server answers there"):
        listen(address)
    assert Path(address.path).exists()
    first.close()


def test_busy_server_is_not_robbed(address: UnixAddress) -> None:
    """A server that is too busy to accept is a living one."""
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(address.path)
        busy.listen(0)
        waiting.connect(address.path)
        with pytest.raises(ListenError, match="another server answers there"):
            listen(address)


def test_file_is_not_removed(place: Path) -> None:
    """What is no socket is never removed, nor what a link points to."""
    (place / "file").write_text("kept")
    (place / "link").symlink_to(place / "file")
    (place / "dangling").symlink_to(place / "nothing")
    for name in ("file", "link", "dangling"):
        with pytest.raises(ListenError, match="exists and is no socket"):
            listen(UnixAddress(str(place / name)))
    assert (place / "file").read_text() == "kept"
    assert not (place / "nothing").exists()


def test_anothers_socket_is_not_removed_at_the_end(address: UnixAddress) -> None:
    """Who was replaced in the meantime leaves the successor's socket alone."""
    first = listen(address)
    Path(address.path).unlink()
    second = listen(address)
    first.close()
    first.close()
    assert Path(address.path).exists()
    second.close()


def test_missing_folder(place: Path) -> None:
    """The folder is not made, since nobody said with which permissions."""
    with pytest.raises(ListenError, match=r"the folder .*/none does not exist; make it"):
        listen(UnixAddress(str(place / "none" / "a.sock")))


def test_taken_port() -> None:
    """A port that another process listens on is told with its address."""
    first = listen(TcpAddress("127.0.0.1", 0))
    with pytest.raises(ListenError, match=f"cannot listen on {first.address}: Address already in use"):
        listen(first.address)
    first.close()
    listen(first.address).close()


def test_other_machines_address() -> None:
    """An address that is not this machine's is told, too."""
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:1: Cannot assign requested address"):
        listen(TcpAddress("192.0.2.1", 1))


def test_umask_is_back_after_an_error(place: Path) -> None:
    """Whatever goes wrong, files that are made later get their usual permissions."""
    before = os.umask(0o022)
    try:
        with pytest.raises((ListenError, OSError)):
            listen(UnixAddress(str(place / ("a" * 150))))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.0.0.0:9190", TcpAddress("0.0.0.0", 9190)),  # noqa: S104 - an address to read
        ("[::]:9190", TcpAddress("::", 9190)),
        ("10.1.2.3:0", TcpAddress("10.1.2.3", 0)),
        ("unix:/run/a.sock", UnixAddress("/run/a.sock")),
    ],
)
def test_addresses(text: str, found: TcpAddress | UnixAddress) -> None:
    """Addresses that do; each is written as it was read."""
    assert parse(text) == found
    assert str(found) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("unix:@name", "has no permissions"),
        ("unix:relative", "is no socket"),
        ("unix:/" + "a" * 200, "longer than"),
        ("localhost:1", "names are not looked up"),
        ("10.0.0.1", "is no address"),
        ("0.0.0.0:", "is no address"),
        ("0.0.0.0:65536", "is no address"),
        ("0.0.0.0:-1", "is no address"),
        ("0.0.0.0:१", "is no address"),
        (":1", "names are not looked up"),
        ("::1", "names are not looked up"),
        (":::9190", "in brackets"),
        ("[127.0.0.1]:1", "in brackets"),
        ("[::1:1", "names are not looked up"),
        ("", "is no address"),
    ],
)
def test_addresses_that_do_not_do(text: str, why: str) -> None:
    """Each is told why."""
    with pytest.raises(AddressError, match=why):
        parse(text)
