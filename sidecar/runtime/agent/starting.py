"""Starting a tenant's process: where its files and sockets are, and what it is told."""

import errno
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.loading.variables import CONFINED_TO, TENANT
from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.workloads import CONFIGURATION

_MODULE: Final = "sidecar.runtime.agent.tenant"
#: What of a folder is looked at for changes: far more than a tenant's configuration has.
_MOST_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class Places:
    """Folders, absolute: those of all tenants, of the sockets that clients ask at, and of what is ours alone."""

    tenants: Path
    sockets: Path
    run: Path


def start_tenant(name: str, folder: Path, places: Places, *, takes_over: bool) -> Root:
    """Start the process that reads a tenant's configuration and, once it is let, serves it; raises ``OSError``.

    ``takes_over``: from another agent, which is about to end, its sockets.
    """
    own, sockets = places.run / name, places.sockets / name
    _make(own, 0o700)
    # Clients go through to the socket, and cannot open the folder: they could hold its lock (transport.alone).
    _make(sockets, 0o711)
    environment = {
        TENANT: name,
        CONFINED_TO: os.pathsep.join(map(str, (folder, own))),
        # Over what its file says: these are for the desk and for whoever is let into this folder of ours.
        "AUTHZ_PROBE_LISTEN": f"unix:{probe_socket(places.run, name)}",
        "AUTHZ_ADMIN_LISTEN": f"unix:{own / 'admin.sock'}",
        "AUTHZ_NATIVE_TAKES_OVER": str(takes_over).lower(),
    }
    arguments = [f"--config={folder / CONFIGURATION}", f"--sockets={sockets}"]
    return Root.start(_MODULE, arguments, environment, socket.SOCK_SEQPACKET)


def probe_socket(run: Path, name: str) -> Path:
    """Return where a tenant answers probes."""
    return run / name / "probe.sock"


def tenant_files(folder: Path) -> Fingerprint:
    """Look at a tenant's files, without reading any."""
    found = [folder]
    for place, folders, files in os.walk(folder):
        found += [Path(place, name) for name in (*folders, *files)]
        if len(found) > _MOST_FILES:
            break
    return fingerprint(found[:_MOST_FILES])


def config_file(folder: Path) -> Fingerprint:
    """Look at a tenant's configuration alone."""
    return fingerprint([folder / CONFIGURATION])


def _make(folder: Path, mode: int) -> None:
    """Make a folder, or take it where it is one of ours already; raises ``OSError`` where it is something else."""
    try:
        folder.mkdir()
        folder.chmod(mode)  # whatever the umask is
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            # INVARIANT: where a socket of ours is, nobody but us can put another one.
            raise PermissionError(
                errno.EPERM, "others may write there: it is to be ours alone; remove it", str(folder)
            ) from None
        folder.chmod(mode)
