"""How revocation stands: what probes, metrics and the administration tell of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.core.strict_json import Json
from sidecar.observe.condition import Condition
from sidecar.observe.facts import RevocationFacts
from sidecar.revocation.store import Store
from sidecar.runtime.control.revocation_feed import RevocationFeed
from sidecar.runtime.control.revocation_file import RevocationFile


@dataclass(frozen=True, slots=True)
class RevocationState:
    """Looks at the list, and at where it comes from."""

    store: Store
    file: RevocationFile | None
    feed: RevocationFeed | None

    @property
    def is_vouched(self) -> bool:
        """Say whether the list is vouched for now."""
        return time.time() < self.store.keeper.room().vouched_until

    @property
    def was_complete(self) -> bool:
        """Say whether it ever was."""
        return self.store.keeper.room().vouched_until > 0

    @property
    def has_gap(self) -> bool:
        """Say whether some of the feed was gone before it was read."""
        return self.store.keeper.room().gaps > 0

    def conditions(self) -> Sequence[Condition]:
        """Return what must be so for the sidecar to be sent requests."""
        found = [self._list_condition()]
        if self.file:
            ok = self.file.complete or self.is_vouched
            found.append(Condition("revocation-file", ok=ok, reason=self.file.trouble))
        if self.feed:
            found.append(self._feed_condition(self.feed))
        return found

    def facts(self) -> RevocationFacts:
        """Return what there is to measure."""
        room, state = self.store.keeper.room(), self.feed.feed.state if self.feed else None
        return RevocationFacts(
            entries=room.entries,
            capacity=room.capacity,
            epoch=room.epoch,
            vouched=self.is_vouched,
            feed_connected=state.connected if state else None,
            feed_contact_at=state.contact_at if state else None,
            feed_lag=self.feed.lag if self.feed else None,
            feed_connections=state.connections if state else 0,
            feed_gaps=room.gaps,
        )

    def counted(self) -> Mapping[str, Json]:
        """Return what ``GET /revocations`` answers."""
        facts = self.facts()
        feed: dict[str, Json] = {
            "connected": facts.feed_connected,
            "last_contact_at": facts.feed_contact_at,
            "lag_seconds": facts.feed_lag,
        }
        known: dict[str, Json] = {"entries": facts.entries, "capacity": facts.capacity, "complete": facts.vouched}
        return known | ({"feed": feed} if self.feed else {})

    def _list_condition(self) -> Condition:
        room, reason = self.store.keeper.room(), ""
        if room.is_full:
            reason = f"all {room.capacity} entries are taken; raise revocation.max_entries"
        elif not self.is_vouched:
            reason = "not complete, so everybody is denied"
        return Condition("denylist", ok=not reason, reason=reason)

    def _feed_condition(self, feed: RevocationFeed) -> Condition:
        gap = "entries were lost before they were read; post them again, and restart" if self.has_gap else ""
        reason = ", ".join(filter(None, [feed.trouble, gap]))
        return Condition("revocation-feed", ok=self.is_vouched and not feed.feed.state.stuck, reason=reason)
