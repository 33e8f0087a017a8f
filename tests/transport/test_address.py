"""Addresses to listen on."""

import socket
import sys
from pathlib import Path

import pytest

from sidecar.transport.address import AddressError, TcpAddress, UnixAddress, parse, refuse_if_taken


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9191", TcpAddress("127.0.0.1", 9191)),
        ("127.1.2.3:0", TcpAddress("127.1.2.3", 0)),
        ("[::1]:9191", TcpAddress("::1", 9191)),
        ("unix:/run/authz/authz.sock", UnixAddress("/run/authz/authz.sock")),
        ("unix:@authz", UnixAddress("@authz")),
    ],
)
def test_local_address_is_taken(text: str, address: object) -> None:
    """Loopback and Unix sockets are taken, and printed the way they were written."""
    assert parse(text) == address
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.0.0.0:9191", "is not loopback"),
        ("[::]:9191", "is not loopback"),
        ("10.0.0.1:9191", "is not loopback"),
        ("[fe80::1]:9191", "is not loopback"),
        ("localhost:9191", "is no IP address"),
        ("127.0.0.1", "is no address"),
        ("127.0.0.1:", "is no address"),
        ("127.0.0.1:http", "is no address"),
        ("127.0.0.1:65536", "is no address"),
        ("127.0.0.1:-1", "is no address"),
        ("127.0.0.1:00", "is no address"),
        ("127.0.0.1:09191", "is no address"),
        ("127.0.0.1:" + "9" * 5000, "is no address"),
        ("127.0.0.1:٩", "is no address"),
        (":9191", "is no IP address"),
        ("", "is no address"),
        ("unix:", "is no socket"),
        ("unix:@", "is no socket"),
        ("unix:relative.sock", "is no socket"),
        ("unix:/" + "a" * 107, "is longer than the 107 bytes"),
    ],
)
def test_other_address_is_refused(text: str, says: str) -> None:
    """Anything else is refused with what is wrong about it."""
    with pytest.raises(AddressError, match=says):
        parse(text)


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file that is no socket is never removed for one."""
    path = tmp_path / "authz.sock"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(AddressError, match="exists and is no socket"):
        refuse_if_taken(UnixAddress(str(path)))
    assert path.read_text(encoding="utf-8") == "precious"


def test_missing_folder_is_said(tmp_path: Path) -> None:
    """A socket in a folder that does not exist is refused with the folder's name."""
    with pytest.raises(AddressError, match=f"the folder {tmp_path}/missing does not exist"):
        refuse_if_taken(UnixAddress(f"{tmp_path}/missing/authz.sock"))


def test_live_socket_is_refused_and_a_stale_one_is_not(tmp_path: Path) -> None:
    """A socket on which somebody listens is refused; what a killed server left behind is not in the way."""
    address = UnixAddress(str(tmp_path / "a.sock"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address.path)
        server.listen()
        with pytest.raises(AddressError, match="another server already listens there"):
            refuse_if_taken(address)
    refuse_if_taken(address)


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_abstract_socket_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An abstract socket's name is no file's: one of that name is neither in the way nor touched."""
    monkeypatch.chdir(tmp_path)
    Path("@nobody").write_text("precious", encoding="utf-8")
    refuse_if_taken(UnixAddress("@nobody"))
    assert Path("@nobody").read_text(encoding="utf-8") == "precious"
