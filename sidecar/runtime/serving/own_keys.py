"""Signing in the single process, which has the keys itself: there is no other that could."""

from pathlib import Path

from sidecar.memory.counters import Row
from sidecar.runtime.control.key_files import WatchedKeys
from sidecar.runtime.control.key_set import PublishedKeys
from sidecar.runtime.serving.asserting import Asserting
from sidecar.settings.assertion import AssertionSettings
from sidecar.tokens.signer import HeldSigner


class OwnKeys:
    """The keys in ``settings``, whose files are in ``folder``; raises ``SigningKeyError``. ``patience``: in seconds."""

    def __init__(self, folder: Path, settings: AssertionSettings, patience: float, row: Row) -> None:
        self._watched = WatchedKeys(folder, settings.keys)
        self._signer = HeldSigner(self._watched.read())
        self.asserting = Asserting(self._signer, patience, row)
        self.published = PublishedKeys(self._signer, settings.jwks_max_age_seconds)

    def look(self) -> None:
        """Read the files again where they have changed."""
        if self._watched.have_changed():
            self._signer.keys = self._watched.read_again(self._signer.keys)
