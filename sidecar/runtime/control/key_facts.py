"""What control tells of each issuer's keys, put together from where it is known."""

from collections.abc import Sequence

from sidecar.core.trust import Trust
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.remote.source import Source
from sidecar.observe.key_sets import Fetching, KeySetFacts, KeyTimes
from sidecar.runtime.control.rotation import Change, KeyUses, Rotation, named
from sidecar.runtime.control.sources import Sources


def key_facts(trust: Trust, sources: Sources, rotation: Rotation, uses: KeyUses) -> Sequence[KeySetFacts]:
    """Return the facts, as they are now."""
    return [
        KeySetFacts(
            issuer=name,
            keys={
                named(key): KeyTimes(rotation.since.get((name, named(key))), uses.last(key.digest))
                for key in issuer.keys.keys
            },
            changes={change.value: rotation.counts[name, change.value] for change in Change},
            fetching=_fetching(sources.of(name)),
        )
        for name, issuer in trust.issuers.items()
    ]


def _fetching(source: Source | None) -> Fetching | None:
    if source is None:
        return None
    held, record = source.held, source.record
    age = None if held.confirmed_at is None else max(0.0, boot_clock() - held.confirmed_at)
    return Fetching(age, record.failures, dict(record.results), record.certificate_expires_at)
