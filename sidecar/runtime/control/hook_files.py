"""Hooks whose code has changed since the sidecar started.

It is not read again while processes run: a module that is imported twice is two modules, each with half of what it
keeps. What changes is told, and takes a restart; until then the old code is asked, and a process that starts anew and
would find the new one denies instead (``hooking.runner``).
"""

import logging
from collections.abc import Sequence

from sidecar.hooking.facts import HookFacts
from sidecar.hooking.finding import HookError, digest_of, source
from sidecar.observe.condition import Condition

_log = logging.getLogger(__name__)


class HookFiles:
    """The files of the hooks that are asked. ``look`` now and then."""

    def __init__(self, facts: Sequence[HookFacts]) -> None:
        self._facts = facts
        self._changed: tuple[str, ...] = ()

    def look(self) -> None:
        """Read the files, and say so of those that have changed, once."""
        changed = tuple(dict.fromkeys(one.file for one in self._facts if _has_changed(one)))
        for file in changed:
            if file not in self._changed:
                _log.warning("%s has changed: its hooks are asked as they were, until the sidecar is restarted", file)
        self._changed = changed

    def conditions(self) -> Sequence[Condition]:
        """Return what the probes show: it ails, and serves all the same."""
        if not self._facts:
            return ()
        text = f"changed, restart to use: {', '.join(self._changed)}" if self._changed else ""
        return (Condition("hooks", ok=True, reason=text),)


def _has_changed(facts: HookFacts) -> bool:
    try:
        return digest_of(facts.call, facts.declared, source(facts.file)).hex() != facts.digest
    except HookError:
        return True
