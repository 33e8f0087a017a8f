"""The files with the keys of assertions: where they are, when they change, and what is in them.

Only what signs may call ``read``: minting processes, and the single process.
"""

import logging
import time
from pathlib import Path

from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.settings.assertion import AssertionKeySettings
from sidecar.tokens.key_file import KeyFile, KeyFiles, SigningKeyError, read_minting_keys
from sidecar.tokens.minting_key import MintingKeys
from sidecar.tokens.pool.warm_up import warm_up

#: Seconds between two looks at the files.
LOOK_SECONDS = 1.0
#: How often they are read where they change meanwhile: Kubernetes exchanges all files of a Secret at one moment.
_READINGS = 5

_log = logging.getLogger(__name__)


class WatchedKeys:
    """Keys, and whether there are others by now. ``now`` is CLOCK_MONOTONIC, in seconds."""

    def __init__(self, folder: Path, settings: AssertionKeySettings) -> None:
        names = (settings.current, settings.next, settings.previous)
        self._current, self._next, self._previous = (None if name is None else folder / name for name in names)
        self._paths = [path for path in (self._current, self._next, self._previous) if path is not None]
        self._seen: Fingerprint = {}
        self._look_at = 0.0

    def read(self) -> MintingKeys:
        """Read all files, as they were at one moment; raises ``SigningKeyError``.

        Raises ``RuntimeError`` where signing with one of them does not work here.
        """
        for _ in range(_READINGS):
            self._seen = fingerprint(self._paths)
            problem = None
            try:
                keys = read_minting_keys(self._files())
            except SigningKeyError as error:
                problem = error
            if fingerprint(self._paths) == self._seen:
                if problem is not None:
                    raise problem
                warm_up(keys)
                return keys
        raise SigningKeyError(f"{self._current}: changes while it is read")

    def have_changed(self, now: float | None = None) -> bool:
        """Say whether the files are others than those that were read last, good or not; looks once in a while."""
        now = time.monotonic() if now is None else now
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_SECONDS
        return fingerprint(self._paths) != self._seen

    def read_again(self, old: MintingKeys) -> MintingKeys:
        """Return the keys that there are now, or ``old`` where those cannot be used."""
        try:
            new = self.read()
        except (SigningKeyError, RuntimeError) as error:
            _log.error("new signing keys refused, the old ones stay: %s", error)
            return old
        if new.public.current not in old.public.keys:
            _log.warning(
                "key %r signs, and was not published before: whoever keeps the key set refuses its assertions until it "
                "fetches it anew; publish a key as 'next' first",
                new.public.current.key_id,
            )
        _log.info("signing keys: %s, the first signs", ", ".join(key.key_id for key in new.public.keys))
        return new

    def _files(self) -> KeyFiles:
        assert self._current is not None  # noqa: S101 - required by the settings
        return KeyFiles(KeyFile(self._current), _if_there(self._next), _if_there(self._previous))


def _if_there(path: Path | None) -> KeyFile | None:
    return None if path is None or not path.exists() else KeyFile(path)
