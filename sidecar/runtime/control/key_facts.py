"""What control tells of each issuer's keys, put together from where it is known."""

from collections.abc import Mapping, Sequence

from sidecar.core.trust import Issuer, Trust
from sidecar.keys.certificates import certified_until
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.remote.source import Source
from sidecar.observe.key_sets import Fetching, KeySetFacts, KeyTimes
from sidecar.runtime.control.rotation import Change, KeyUses, Rotation, named
from sidecar.runtime.control.sources import Sources


def key_facts(
    trust: Trust, documents: Mapping[str, bytes], sources: Sources, rotation: Rotation, uses: KeyUses
) -> Sequence[KeySetFacts]:
    """Return the facts, as they are now. ``documents``: the JWK Sets in force, by issuer."""
    return [
        KeySetFacts(
            issuer=name,
            keys=_keys(issuer, certified_until(documents.get(name, b"")), rotation, uses),
            changes={change.value: rotation.counts[name, change.value] for change in Change},
            fetching=_fetching(sources.of(name)),
        )
        for name, issuer in trust.issuers.items()
    ]


def _keys(
    issuer: Issuer, certified: Mapping[bytes, float], rotation: Rotation, uses: KeyUses
) -> Mapping[str, KeyTimes]:
    return {
        name: KeyTimes(rotation.since.get((issuer.issuer, name)), uses.last(key.digest), certified.get(key.thumbprint))
        for key in issuer.keys.keys
        for name in (named(key),)
    }


def _fetching(source: Source | None) -> Fetching | None:
    if source is None:
        return None
    held, record = source.held, source.record
    age = None if held.confirmed_at is None else max(0.0, boot_clock() - held.confirmed_at)
    return Fetching(age, record.failures, dict(record.results), record.certificate_expires_at)
