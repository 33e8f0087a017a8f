"""Looking at the files that a configuration names, and at the folder of its sockets."""

import grp
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from stat import S_IMODE, S_ISGID
from typing import Final

from pydantic import BaseModel

from sidecar.doctor.snapshot import FileFact, SocketFact
from sidecar.keys.regular_file import open_regular
from sidecar.settings import Settings
from sidecar.transport.address import UnixAddress, parse_anywhere

#: Who Envoy is: its user, and its groups, by number.
User = tuple[int, tuple[int, ...]]
#: Beside fields whose names end with it, the key that signs assertions is a file.
_FILE: Final = "_file"
_SIGNS: Final = "assertion.keys.current"
#: What the grpcio transport's library gives a Unix socket, whatever the umask leaves of it.
_ANYBODY: Final = 0o777


def files(settings: Settings, folder: Path) -> Iterator[FileFact]:
    """Yield the files that are read and that loading a configuration does not read; they are relative to ``folder``."""
    for setting, name in sorted(_named(settings, "")):
        yield FileFact(setting, str(folder / name), _trouble(folder / name))


def _named(model: BaseModel, at: str) -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value, path = getattr(model, name), f"{at}.{name}" if at else name
        if isinstance(value, str) and (name.endswith(_FILE) or path == _SIGNS):
            yield path, value
        elif isinstance(value, BaseModel):
            yield from _named(value, path)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, BaseModel):
                    yield from _named(one, f"{path}[{number}]")


def _trouble(path: Path) -> str:
    try:
        with open_regular(path):
            return ""
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()


def socket(settings: Settings, envoy: User | None) -> SocketFact | None:
    """Return where the servers' Unix sockets are made; ``None`` where there are none in a folder."""
    native = settings.native
    if settings.is_native:
        return _socket("native", settings.listen, int(native.socket_mode, 8), native.socket_group, envoy)
    # gRPC's library makes it, and gives it to no group.
    found = _socket("native", settings.listen, _ANYBODY & ~_umask(), None, envoy)
    return None if found is None else replace(found, group_setting=native.socket_group or "")


def forward_auth_socket(settings: Settings, envoy: User | None) -> SocketFact | None:
    """Return where those are made at which proxies ask over HTTP; ``None`` as above, or where nobody does.

    Whether Envoy may connect is asked where it is Envoy that does.
    """
    front = settings.forward_auth
    if front is None:
        return None
    who = envoy if front.proxy == "envoy" else None
    return _socket("forward_auth", front.listen, int(front.socket_mode, 8), front.socket_group, who)


def _socket(room: str, listen: str, mode: int, wanted: str | None, envoy: User | None) -> SocketFact | None:
    address = parse_anywhere(listen)
    if not isinstance(address, UnixAddress) or address.path.startswith("@"):
        return None
    folder = Path(address.path).parent
    found = _status(folder)
    if wanted is not None:
        group = _group(wanted)
    else:
        # What is made in a folder with the set-group-ID bit is of its group (inode(7)).
        group = found.st_gid if found is not None and found.st_mode & S_ISGID else os.getegid()
    return SocketFact(
        room=room,
        folder=str(folder),
        exists=found is not None,
        writable=os.access(folder, os.W_OK | os.X_OK),
        folder_mode=0 if found is None else S_IMODE(found.st_mode),
        folder_user=0 if found is None else found.st_uid,
        folder_group=0 if found is None else found.st_gid,
        mode=mode,
        user=os.geteuid(),
        group=group,
        is_member=os.geteuid() == 0 or group in {os.getegid(), *os.getgroups()},
        group_setting=wanted or "",
        envoy=envoy,
    )


def _status(folder: Path) -> os.stat_result | None:
    try:
        return folder.stat()
    except OSError:
        return None


def _group(name: str) -> int | None:
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found
