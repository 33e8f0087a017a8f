"""Where to listen: ``unix:/path``, ``unix:@abstract`` or ``host:port``, on loopback unless there is TLS."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: ``sun_path`` of Linux, less the closing NUL (unix(7)); macOS has 103.
MAX_UNIX_PATH = 107
#: In the one way in which a number is written: what is compared as text is the same then, too.
_PORT: Final = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)


class AddressError(ValueError):
    """An address that cannot be listened on. The text says what is allowed."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix socket; a leading ``@`` in ``path`` stands for Linux's abstract namespace."""

    path: str

    def __str__(self) -> str:
        """Return the form that ``parse`` takes."""
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """An IP address and a port. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the form that ``parse`` takes."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Address = UnixAddress | TcpAddress


def parse(text: str) -> Address:
    """Read an address of this machine; raises ``AddressError``.

    Anything but loopback is refused: without TLS whoever sits on the network could answer in our place.
    """
    address = parse_anywhere(text)
    if not is_local(address):
        raise AddressError(
            f"{text} is not loopback: without 'tls' only loopback and Unix sockets are safe to listen on"
        )
    return address


def parse_anywhere(text: str) -> Address:
    """Read an address, of the network as well; raises ``AddressError``."""
    if text.startswith("unix:"):
        return _parse_unix(text.removeprefix("unix:"))
    host, port = host_and_port(text, "unix:/path, unix:@name, 127.0.0.1:PORT, [::1]:PORT")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise AddressError(f"{host!r} is no IP address; write 127.0.0.1 or [::1]") from None
    return TcpAddress(str(address), port)


def is_local(address: Address) -> bool:
    """Say whether nobody but this machine can connect to it."""
    return isinstance(address, UnixAddress) or ipaddress.ip_address(address.host).is_loopback


def host_and_port(text: str, allowed: str) -> tuple[str, int]:
    """Split at the last colon; raises ``AddressError``, naming what is ``allowed``, where no port follows it."""
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > 65535:  # noqa: PLR2004 - TCP's last port
        raise AddressError(f"{text!r} is no address; allowed: {allowed}")
    return host, int(port)


def _parse_unix(path: str) -> UnixAddress:
    if not path.startswith(("/", "@")) or len(path) < 2:  # noqa: PLR2004 - a sigil and a name
        raise AddressError(f"unix:{path} is no socket; write unix:/absolute/path or unix:@name")
    if len(path.encode()) > MAX_UNIX_PATH:
        raise AddressError(f"unix:{path} is longer than the {MAX_UNIX_PATH} bytes a socket's path may have")
    return UnixAddress(path)


def numbered(address: Address, number: int) -> Address:
    """Return the address of server ``number``, counted from 0, where the first has ``address`` itself.

    The next ports, or ``-1``, ``-2`` before the ending of the socket's name. Raises ``AddressError`` where there is
    none.
    """
    if number == 0 or (isinstance(address, TcpAddress) and address.port == 0):
        return address
    if isinstance(address, TcpAddress):
        return parse_anywhere(str(TcpAddress(address.host, address.port + number)))
    folder, slash, name = address.path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem.strip("@") else (name, "")
    return parse_anywhere(str(UnixAddress(f"{folder}{slash}{stem}-{number}{ending}")))


def refuse_if_in_use(address: Address) -> None:
    """Raise ``AddressError`` where somebody listens on a TCP port already, be it with SO_REUSEPORT."""
    if not isinstance(address, TcpAddress) or address.port == 0:
        return
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise AddressError(f"{address}: cannot listen there: {error.strerror}") from None


def refuse_if_taken(address: Address) -> None:
    """Raise ``AddressError`` where a live server already answers on a Unix socket's path.

    gRPC unlinks whatever socket it finds there, so that two sidecars with one path would silently rob each other.
    """
    if not isinstance(address, UnixAddress) or address.path.startswith("@"):
        return
    path = Path(address.path)
    if path.exists() and not path.is_socket():
        raise AddressError(f"{address}: exists and is no socket; remove it or choose another path")
    if not path.parent.is_dir():
        raise AddressError(f"{address}: the folder {path.parent} does not exist")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003 - positional only
        try:
            probe.connect(address.path)
        except BlockingIOError:
            pass  # it is there, and has more callers than it can take
        except OSError:
            return
    raise AddressError(f"{address}: another server already listens there")
