"""Files of Go modules, as the module proxy has them."""

import hashlib
import json
import subprocess
import zipfile
from dataclasses import dataclass


@dataclass(frozen=True)
class Module:
    """A module that is here as its archive. ``sum`` is what go.sum has of it, ``sha256`` the archive's own."""

    path: str
    version: str
    sum: str
    sha256: str
    archive: str

    def read(self, name: str) -> bytes:
        """Return one file of it."""
        with zipfile.ZipFile(self.archive) as opened:
            return opened.read(f"{self.path}@{self.version}/{name}")


def fetched(path: str, version: str) -> Module:
    """Fetch a module; raises ``ValueError`` where it cannot be had.

    That this machine's Go is too old to build it (``go.mod`` of Gateway API asks for newer ones) is no reason.
    """
    done = subprocess.run(  # noqa: S603 - for whoever records
        ["go", "mod", "download", "-json", f"{path}@{version}"],  # noqa: S607 - theirs
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "{}")
    if "Zip" not in found:
        raise ValueError(f"{path}@{version}: {found.get('Error') or done.stderr}")
    with open(found["Zip"], "rb") as opened:  # noqa: PTH123 - hashlib's own example
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return Module(path, version, found["Sum"], sha256, found["Zip"])
