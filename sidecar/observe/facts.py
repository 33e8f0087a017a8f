"""What control tells beside what is counted: configuration in force, cache, denylist and its feed, keys, bundle."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.observe.allowance import AllowanceFacts, of_allowance
from sidecar.observe.bundle import BundleFacts, bundle_measured
from sidecar.observe.key_sets import KeySetFacts, measured
from sidecar.observe.measured import Measured, once
from sidecar.observe.pools import PoolFacts, PoolSize
from sidecar.observe.processes import ProcessFacts


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """The denylist and its feed, at one moment; ``None`` where there is no feed, or nothing is known yet."""

    entries: int
    capacity: int
    epoch: int
    vouched: bool
    feed_connected: bool | None = None
    feed_contact_at: float | None = None  #: seconds since the epoch
    feed_lag: float | None = None  #: seconds since it was read to its end
    feed_connections: int = 0
    feed_gaps: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What neither counters nor scoreboard know, at one moment."""

    trust_digest: bytes | None = None  #: of the Trust that is committed
    last_reload_at: float | None = None  #: seconds since the epoch
    cache_slots: Mapping[str, int] = field(default_factory=dict)  #: by kind: positive, negative
    revocation: RevocationFacts | None = None
    key_sets: Sequence[KeySetFacts] = ()
    dry_run: bool | None = None
    bundle: BundleFacts | None = None
    reload_ok: bool | None = None  #: whether what was read last was taken
    certificates: Mapping[str, float] = field(default_factory=dict)  #: by listener: until when, seconds since the epoch
    pools: Sequence[PoolFacts] = ()
    pool_size: PoolSize | None = None  #: of the pool whose size changes by itself
    processes: Sequence[ProcessFacts] = ()
    allowance: AllowanceFacts | None = None
    system_percent: float | None = None  #: CPU in use of the whole machine, from 0 to 100


def of_facts(facts: Facts) -> Iterator[Measured]:
    """Yield what control knows."""
    digest = [((facts.trust_digest.hex()[:16],), 1)] if facts.trust_digest else []
    yield Measured(
        "authz_trust_info", "Beginning of the digest of configuration, policy and keys.", ("digest",), digest
    )
    yield Measured(
        "authz_trust_last_reload_timestamp_seconds",
        "When the trust in force was loaded, in Unix time.",
        (),
        once(facts.last_reload_at),
    )
    yield Measured(
        "authz_trust_last_reload_successful",
        "Whether the configuration and keys that were read last were taken; where not, the old ones stay in force.",
        (),
        once(facts.reload_ok),
    )
    yield Measured("authz_dry_run", "Whether nothing is enforced: 1 with dry_run.", (), once(facts.dry_run))
    yield Measured(
        "authz_cache_slots",
        "Slots of the shared cache, by the kind of entry they are for.",
        ("kind",),
        [((kind,), count) for kind, count in facts.cache_slots.items()],
    )
    if facts.certificates:
        yield Measured(
            "authz_tls_certificate_expiry_timestamp_seconds",
            "Until when our own certificate of a listener is good, as its file has it, in Unix time.",
            ("listener",),
            [((listener,), at) for listener, at in facts.certificates.items()],
        )
    if facts.allowance is not None:
        yield from of_allowance(facts.allowance)
    if facts.revocation is not None:
        yield from of_revocation(facts.revocation)
    yield from measured(facts.key_sets)
    if facts.bundle is not None:
        yield from bundle_measured(facts.bundle)


def of_revocation(facts: RevocationFacts) -> Iterator[Measured]:
    """Yield how the denylist is, and its feed where there is one."""
    for name, text, value in (
        ("authz_denylist_entries", "Entries on the denylist.", facts.entries),
        ("authz_denylist_capacity", "Entries that the denylist has room for.", facts.capacity),
        ("authz_denylist_epoch", "Goes up whenever something is revoked.", facts.epoch),
        (
            "authz_denylist_complete",
            "Whether the denylist is vouched for; where it is not, everybody is denied.",
            facts.vouched,
        ),
    ):
        yield Measured(name, text, (), once(value))
    if facts.feed_connected is not None:
        yield from _of_feed(facts)


def _of_feed(facts: RevocationFacts) -> Iterator[Measured]:
    for name, text, value in (
        ("connected", "Whether Redis is connected to.", facts.feed_connected),
        ("last_contact_timestamp_seconds", "When Redis answered last, in Unix time.", facts.feed_contact_at),
        ("lag_seconds", "Seconds since the feed was last read to its end.", facts.feed_lag),
    ):
        yield Measured(f"authz_revocation_feed_{name}", text, (), once(value))
    for name, text, count in (
        ("connections", "Times that Redis was connected to.", facts.feed_connections),
        ("gaps", "Times that the feed lost entries before they were read.", facts.feed_gaps),
    ):
        yield Measured(f"authz_revocation_feed_{name}", text, (), once(count), counts=True)
