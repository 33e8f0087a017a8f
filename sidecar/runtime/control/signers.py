"""Files that say whose signatures are believed: JWK Sets, looked at whenever they may have changed."""

import logging
from collections.abc import Callable
from pathlib import Path

from sidecar.core.keys import KeySet
from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.keys.regular_file import read_regular

_log = logging.getLogger(__name__)


class SignersError(Exception):
    """A file that could never be used: nobody's signature is believed. The text names it, and says why."""


class SignersFile:
    """Of one that becomes bad the keys that were read last stay, and ``trouble`` says so, and why; else it is empty.

    ``read`` takes a document's bytes; it raises ``ValueError``, whose text says why, for what cannot be used.
    """

    def __init__(self, path: Path, read: Callable[[bytes], KeySet]) -> None:
        self.path = path
        self.trouble = ""
        self._read = read
        self._seen: Fingerprint | None = None
        self._keys: KeySet | None = None

    def keys(self) -> KeySet:
        """Return the keys as they are now; raises ``SignersError`` where there never were any that can be used."""
        # Before it is read: what changes meanwhile is read again.
        seen = fingerprint([self.path])
        if seen != self._seen:
            self._look(seen)
        if self._keys is None:
            raise SignersError(self.trouble)
        return self._keys

    def _look(self, seen: Fingerprint) -> None:
        # One that cannot be used is read again at each look: the fault may have been the reading's alone.
        try:
            self._keys = self._read(read_regular(self.path))
        except OSError as error:
            self._fail(f"cannot be read: {error.strerror}")
        except ValueError as error:
            self._fail(str(error))
        else:
            self._seen, self.trouble = seen, ""

    def _fail(self, why: str) -> None:
        trouble = f"{self.path.name}: {why}" + ("" if self._keys is None else "; the keys that were read last stay")
        if trouble != self.trouble and self._keys is not None:
            _log.error("%s (in %s)", trouble, self.path.parent)
        self.trouble = trouble
