"""Seeing to one tenant: hearing what its process wants, letting it serve, or not, and burying it when it has ended."""

import logging
import random
from collections.abc import MutableMapping, Sequence
from contextlib import suppress

from sidecar.runtime.agent.hearing import Hearing
from sidecar.runtime.agent.root import Root
from sidecar.runtime.agent.tenancy import Phase, Tenancy
from sidecar.runtime.agent.wants import BEAT, GO, REFUSED, Wants, taken_by

_log = logging.getLogger(__name__)


class Care:
    """Of all ``tenants``, the agent's own mapping. ``own``: addresses that are the agent's, and so no tenant's."""

    def __init__(self, tenants: MutableMapping[str, Tenancy], hearing: Hearing, own: Sequence[str]) -> None:
        self._tenants, self._hearing, self._own = tenants, hearing, own

    def see_to(self, tenant: Tenancy, now: float, awake_since: float) -> None:
        """Do whatever there is to do. ``awake_since``: nobody is judged for a silence before that."""
        root = tenant.root
        if tenant.candidate is not None:
            self._judge(tenant, tenant.candidate, now)
        if root is None:
            if tenant.is_removed:
                self._forget(tenant)
            return
        if tenant.phase is Phase.LOADING:
            self._hear(tenant, root, now)
        if root.has_ended():
            self._bury(tenant, root, now)
        elif tenant.until is not None and now >= tenant.until:
            _log.error("tenant %s: %s for too long, and is killed", tenant.name, tenant.phase)
            root.kill()
        elif tenant.phase is Phase.SERVING:
            tenant.settle(now)
            _listen_to_heart(tenant, root, now, awake_since)

    def _hear(self, tenant: Tenancy, root: Root, now: float) -> None:
        wants = self._hearing.wants(root)
        if wants is None:
            return
        taken = self._taken(tenant, wants)
        if taken is not None:
            _log.error("tenant %s: refused: %s", tenant.name, taken)
            root.kill()
            tenant.refuse(now)
            return
        # INVARIANT: its addresses are its own before it is let, and until it has ended.
        tenant.let(wants, now)
        try:
            root.channel.send(GO)
        except OSError:
            return  # it has ended, and that will be seen in a moment
        _log.info("tenant %s: serves %s", tenant.name, ", ".join(wants.addresses))

    def _taken(self, tenant: Tenancy, wants: Wants) -> str | None:
        others = {one.name: one.addresses for one in self._tenants.values() if one is not tenant}
        return taken_by(wants.addresses, {**others, "the agent": self._own})

    def _judge(self, tenant: Tenancy, candidate: Root, now: float) -> None:
        wants = None if candidate.has_ended() else self._hearing.wants(candidate)
        if wants is not None:
            candidate.kill()
            if tenant.phase is Phase.SERVING and tenant.wants is not None:
                self._decide(tenant, tenant.wants.shape, wants, now)
        elif candidate.has_ended():
            self._hearing.bury(candidate)
            tenant.tried(now)
        elif now >= tenant.candidate_until:
            candidate.kill()

    def _decide(self, tenant: Tenancy, shape: str, wants: Wants, now: float) -> None:
        taken = None if wants.shape == shape else self._taken(tenant, wants)
        if taken is not None:
            _log.error("tenant %s: stays as it is: %s", tenant.name, taken)
            return
        tenant.doubted = None
        if wants.shape != shape:
            _log.info("tenant %s: what has changed takes a restart", tenant.name)
            tenant.kept = wants.addresses
            tenant.drain(now)

    def _bury(self, tenant: Tenancy, root: Root, now: float) -> None:
        status = self._hearing.bury(root)
        if tenant.phase is Phase.SERVING:
            tenant.kept = tenant.addresses
        phase, tenant.root, tenant.wants = tenant.phase, None, None
        tenant.takes_over &= phase in (Phase.LOADING, Phase.REFUSED)
        if tenant.is_removed:
            return
        if phase is Phase.DRAINING:
            tenant.again(now)
        elif phase is Phase.LOADING and status == REFUSED:
            tenant.refuse(now)
        elif phase is not Phase.REFUSED:
            delay = tenant.plan(now, random.random())  # noqa: S311 - jitter
            how = f"signal {-status}" if status < 0 else f"exit code {status}"
            _log.warning("tenant %s ended: %s; starting again in %.1f s", tenant.name, how, delay)

    def _forget(self, tenant: Tenancy) -> None:
        if tenant.candidate is None:
            _log.info("tenant %s: gone", tenant.name)
            del self._tenants[tenant.name]


def _listen_to_heart(tenant: Tenancy, root: Root, now: float, awake_since: float) -> None:
    with suppress(OSError):
        while root.channel.recv(len(BEAT)):
            tenant.heard_at = now
    silent = tenant.silence(awake_since, now)
    if silent is not None:
        _log.error("tenant %s has been silent for %.0f s and is killed", tenant.name, silent)
        root.kill()
