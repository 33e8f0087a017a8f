"""How things stand when somebody asks for the performance report."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.hooking.facts import HookFacts
from sidecar.http.guard import TokenError, TokenFile
from sidecar.http.token_strength import is_weak
from sidecar.memory.scoreboard import Child, Scoreboard
from sidecar.observe.bundle import BundleFacts
from sidecar.observe.children import is_resting, is_up
from sidecar.observe.facts import Facts, RevocationFacts
from sidecar.observe.key_sets import KeySetFacts
from sidecar.observe.processes import ProcessFacts
from sidecar.placement.allowance import HERE, Allowance, read_allowance
from sidecar.placement.apply import machine_cpus
from sidecar.placement.memory import memory_of
from sidecar.report.difference import share
from sidecar.report.sample import Moment, ProcessMoment
from sidecar.report.standing import (
    AdminToken,
    BundleStanding,
    CertificateStanding,
    KeySetStanding,
    RevocationStanding,
    Setup,
)
from sidecar.runtime.ipc.fleet import Fleet, Member
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings

_UNMEASURED = ProcessFacts("")


@dataclass(frozen=True, slots=True)
class Place:
    """What does not change while processes run. ``folder`` is the configuration's, ``software`` our version."""

    fleet: Fleet
    board: Scoreboard
    folder: Path
    hooks: Sequence[HookFacts]
    software: str


def moment(place: Place, settings: Settings, facts: Facts, clock: Callable[[], float] = time.monotonic) -> Moment:
    """Return how things stand now. Reads files, so not in a loop that anybody waits for."""
    overall, now, allowance = place.board.overall(), time.time(), read_allowance()
    memory = memory_of(HERE.cgroups, HERE.membership)
    digest = facts.trust_digest
    return Moment(
        made_at=now,
        software=place.software,
        setup=_setup(place, settings, facts, allowance, None if memory is None else memory.limit),
        processes=tuple(_processes(place, facts, clock())),
        key_sets=tuple(_key_sets(facts.key_sets, settings.issuers, now)),
        revocation=None if facts.revocation is None else _revocation(facts.revocation),
        bundle=None if facts.bundle is None else _bundle(facts.bundle, now),
        workers={one.pool.value: one.active for one in facts.pools},
        queue_depths={one.pool.value: one.depth for one in facts.pools if one.depth is not None},
        memory_used_bytes=None if memory is None else memory.used,
        draining=overall is not None and overall.draining,
        trust_digest=None if digest is None else digest.hex()[:16],
        reload_ok=facts.reload_ok,
        certificates=tuple(_certificates(facts.certificates, now)),
    )


def _setup(place: Place, settings: Settings, facts: Facts, allowance: Allowance, memory_limit: int | None) -> Setup:
    fleet, size = place.fleet, facts.pool_size
    return Setup(
        multiprocessing=settings.enable_multiprocessing,
        servers=fleet.servers,
        verifiers=fleet.verifiers if size is None else size.wanted + fleet.jwt_verifiers,
        jwt_verifiers=fleet.jwt_verifiers,
        minters=fleet.minters,
        cpus=allowance.usable,
        cpu_quota=allowance.quota,
        machine_cpus=machine_cpus(),
        memory_limit_bytes=memory_limit,
        shared_memory_bytes=settings.shared_memory_size,
        cache_slots=facts.cache_slots.get("positive"),
        local_entries=settings.cache.local_entries,
        batch_size_threshold=settings.batch_size_threshold,
        hook_workers=settings.hook_processor_workers,
        pool_timeout_seconds=settings.process_pool_timeout,
        dry_run=bool(facts.dry_run),
        admin_token=_admin_token(place.folder, settings.admin.bearer_token_file),
        hook_limits=dict(_hook_limits(place.hooks, settings)),
        verifiers_min=None if size is None else size.least,
        verifiers_max=None if size is None else size.most,
    )


def _hook_limits(hooks: Sequence[HookFacts], settings: Settings) -> Iterator[tuple[str, float]]:
    for found, one in zip(hooks, settings.hooks, strict=True):
        waits = found.is_async or found.declared.cpu_bound
        yield one.call, (found.declared.timeout or one.timeout_seconds) if waits else one.budget_seconds


def _admin_token(folder: Path, name: str | None) -> AdminToken:
    if name is None:
        return AdminToken.NONE
    try:
        token = TokenFile(str(folder / name)).read()
    except TokenError:
        return AdminToken.NONE
    return AdminToken.WEAK if is_weak(token) else AdminToken.GOOD


def _processes(place: Place, facts: Facts, now: float) -> Iterator[ProcessMoment]:
    measured = {one.process: one for one in facts.processes}
    for member in place.fleet.members:
        child = place.board.child(member.index)
        if not is_resting(child):
            yield _process(member, child, measured.get(member.name, _UNMEASURED), now)


def _process(member: Member, child: Child, measured: ProcessFacts, now: float) -> ProcessMoment:
    supervised, told = child.supervised, child.report
    started = None if supervised is None else supervised.started_at
    return ProcessMoment(
        name=member.name,
        role=member.role.value,
        up=is_up(child),
        state=None if told is None else told.state.name.lower(),
        pid=None if supervised is None else supervised.pid,
        age_seconds=None if started is None else max(0.0, now - started),
        heartbeat_age_seconds=None if told is None else max(0.0, now - told.heartbeat_at),
        crash_loop=supervised is not None and supervised.crash_loop,
        connections=None if told is None else told.connections,
        rss_bytes=measured.resident,
        pss_bytes=measured.proportional,
        loop_lag_seconds=measured.loop_lag,
    )


def _key_sets(found: Sequence[KeySetFacts], issuers: Sequence[IssuerSettings], now: float) -> Iterator[KeySetStanding]:
    stale = {one.issuer: one.keys.fetch.max_stale_seconds for one in issuers if one.is_remote and one.keys is not None}
    for one in found:
        fetching = one.fetching
        age = None if fetching is None else fetching.age
        longest = None if fetching is None else stale.get(one.issuer)
        expiry = None if fetching is None else fetching.certificate_expires_at
        yield KeySetStanding(
            issuer=one.issuer,
            keys=len(one.keys),
            age_seconds=age,
            max_stale_seconds=longest,
            stale_share=None if age is None or longest is None else share(age, longest),
            failures_in_a_row=None if fetching is None else fetching.failures,
            certificate_expires_in_seconds=None if expiry is None else expiry - now,
        )


#: Listener -> which setting has its certificate.
_CERTIFICATES = {"checks": "tls.certificate_file", "admin": "admin.tls.certificate_file"}


def _certificates(until: Mapping[str, float], now: float) -> Iterator[CertificateStanding]:
    for listener, at in until.items():
        yield CertificateStanding(listener, _CERTIFICATES.get(listener, ""), at - now)


def _revocation(facts: RevocationFacts) -> RevocationStanding:
    return RevocationStanding(
        entries=facts.entries,
        capacity=facts.capacity,
        full_share=share(facts.entries, facts.capacity),
        complete=facts.vouched,
        feed_connected=facts.feed_connected,
        feed_lag_seconds=facts.feed_lag,
        feed_gaps=facts.feed_gaps,
    )


def _bundle(facts: BundleFacts, now: float) -> BundleStanding:
    return BundleStanding(
        name=facts.name,
        in_force=facts.in_force,
        version=facts.version,
        age_seconds=facts.age,
        expires_in_seconds=None if facts.expires_at is None else facts.expires_at - now,
        failures_in_a_row=facts.failures,
    )
