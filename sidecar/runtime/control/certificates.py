"""Until when the certificates of our own listeners are good, as their files have it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sidecar.keys.certificates import first_until
from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.keys.regular_file import read_regular
from sidecar.settings import Settings


class OwnCertificates:
    """``until``: by listener, in seconds since the epoch. Files are looked for in ``folder``; ``look`` now and then."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        listeners = (("checks", settings.tls), ("admin", settings.admin.tls))
        self._files = {name: folder / tls.certificate_file for name, tls in listeners if tls is not None}
        self._seen: Fingerprint = {}
        self.until: Mapping[str, float] = {}

    def look(self) -> None:
        """Read them again where they have changed. One that cannot be read is not told of."""
        seen = fingerprint(self._files.values())
        if seen != self._seen:
            self._seen = seen
            self.until = dict(self._read())

    def _read(self) -> list[tuple[str, float]]:
        found = []
        for name, file in self._files.items():
            with suppress(OSError, ValueError):
                found.append((name, first_until(read_regular(file))))
        return found
