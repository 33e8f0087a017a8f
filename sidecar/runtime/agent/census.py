"""Which tenants there are, as time goes by: those that have come, and those that are gone."""

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from sidecar.runtime.agent import workloads
from sidecar.runtime.agent.tenancy import Tenancy

_log = logging.getLogger(__name__)


class Census:
    """Looks into ``folder``, where there may be ``most`` of them, and adds to ``tenants``, the agent's own mapping."""

    def __init__(self, folder: Path, most: int, tenants: MutableMapping[str, Tenancy]) -> None:
        self._folder, self._most, self._tenants = folder, most, tenants
        self._refused: Mapping[str, str] = {}
        self._told_problem = ""

    @property
    def ignored(self) -> int:
        """Return how many entries of the folder are no tenants."""
        return len(self._refused)

    def look(self, now: float) -> Sequence[Tenancy]:
        """Return those that were known already and still are there."""
        try:
            found = workloads.look(self._folder, self._most, self._tenants)
        except (OSError, RuntimeError) as error:  # RuntimeError: as in workloads
            # INVARIANT: what cannot be looked at is not gone. Whoever serves goes on.
            self._complain(f"{self._folder} cannot be read, and all stay as they are: {error}")
            return ()
        self._complain("")
        self._refuse(found.refused)
        known = [self._tenants[name] for name in found.folders if name in self._tenants]
        for name, folder in found.folders.items():
            if name not in self._tenants:
                _log.info("tenant %s: found", name)
                self._tenants[name] = Tenancy(name, folder)
        self._miss(found, now)
        return known

    def _refuse(self, refused: Mapping[str, str]) -> None:
        for name, problem in refused.items():
            if self._refused.get(name) != problem:
                _log.error("%r is no tenant: %s", name, problem)
        self._refused = refused

    def _miss(self, found: workloads.Found, now: float) -> None:
        for name, tenant in self._tenants.items():
            # Twice in a row: whoever exchanges folders may do so in two steps.
            is_missing = name not in found.folders and name not in found.unseen
            gone, tenant.is_missing = tenant.is_missing and is_missing, is_missing
            if gone and not tenant.is_removed:
                _log.info("tenant %s: its folder is gone", name)
                tenant.is_removed = True
                tenant.drain(now)

    def _complain(self, text: str) -> None:
        if text and text != self._told_problem:
            _log.error("%s", text)
        self._told_problem = text
