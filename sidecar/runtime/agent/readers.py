"""Who reads its configuration next: a few at a time, those that wait longest first.

A tenant's first process reads it before it serves. Of one that serves another process does, a candidate, when it has
changed in a way that may take a restart.
"""

import logging
import random
from collections.abc import Mapping
from typing import Final

from sidecar.runtime.agent.hearing import Hearing
from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.starting import Places, config_file, start_tenant, tenant_files
from sidecar.runtime.agent.tenancy import LOAD_SECONDS, Phase, Tenancy

#: Processes that read a configuration at once: each takes a CPU for a second, and memory that nobody planned for.
STARTING: Final = 2
#: Seconds after which one that still reads, of a file that hangs, keeps no other one waiting; and how many such there
#: may be.
SLOW_SECONDS: Final = 10.0
MOST_SLOW: Final = 4

_log = logging.getLogger(__name__)


class Readers:
    """Starts them, of all ``tenants``: the agent's own mapping. Times are CLOCK_MONOTONIC, in seconds."""

    def __init__(self, tenants: Mapping[str, Tenancy], places: Places, hearing: Hearing) -> None:
        self._tenants, self._places, self._hearing = tenants, places, hearing

    def start_due(self, now: float) -> None:
        """Start those whose time has come, as far as there is room."""
        waiting = [one for one in self._tenants.values() if one.root is None and not one.is_removed]
        due = [(at, one) for one in waiting if (at := one.next_start_at) is not None and at <= now]
        # Who waits longest is next, or some that fail again and again would keep all others waiting.
        for _, tenant in sorted(due, key=lambda one: one[0]):
            if not self._has_room(now):
                return
            # Before anything is read: what changes meanwhile is read again.
            tenant.read, tenant.judged, tenant.doubted = tenant_files(tenant.folder), config_file(tenant.folder), None
            root = self.started(tenant)
            if root is None:
                tenant.plan(now, random.random())  # noqa: S311 - jitter
            else:
                tenant.began(root, now)

    def look_again(self, tenant: Tenancy, now: float) -> None:
        """See whether its files have changed in a way that only another start, or a candidate, can find out about."""
        if tenant.phase is Phase.REFUSED and tenant_files(tenant.folder) != tenant.read:
            tenant.again(now)
        is_idle = tenant.phase is Phase.SERVING and tenant.candidate is None
        if is_idle and self._has_room(now) and _is_unjudged(tenant, now):
            # What may change while it runs, it takes by itself. Does this?
            files, found = tenant_files(tenant.folder), config_file(tenant.folder)
            candidate = self.started(tenant)
            if candidate is not None:
                tenant.doubted, tenant.judged = files, found
                tenant.tries(candidate, now)

    def started(self, tenant: Tenancy) -> Root | None:
        """Return a process that reads its configuration, and is listened to; ``None``: there can be none now."""
        try:
            root = start_tenant(tenant.name, tenant.folder, self._places, takes_over=tenant.takes_over)
            self._hearing.begin(root)
        except (OSError, ValueError, KeyError) as error:  # the last two: what selectors say of a descriptor
            _log.error("tenant %s cannot be started: %s", tenant.name, error)
            return None
        return root

    def _has_room(self, now: float) -> bool:
        """Say whether one more may read its configuration now."""
        tenants = self._tenants.values()
        began = [one.started_at for one in tenants if one.phase is Phase.LOADING]
        began += [one.candidate_until - LOAD_SECONDS for one in tenants if one.candidate is not None]
        quick = sum(now - at < SLOW_SECONDS for at in began)
        return quick < STARTING and len(began) - quick < MOST_SLOW


def _is_unjudged(tenant: Tenancy, now: float) -> bool:
    """Say whether its configuration is another one, or one that was wrong and may no longer be."""
    if config_file(tenant.folder) != tenant.judged:
        return True
    return tenant.doubted is not None and (now >= tenant.judge_at or tenant_files(tenant.folder) != tenant.doubted)
