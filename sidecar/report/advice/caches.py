"""Advice about caches: too small, off, torn, or of no use to these tokens."""

from collections.abc import Iterator
from typing import Final

from sidecar.report.advice.kinds import advised
from sidecar.report.difference import per_second, share
from sidecar.report.figures import CacheUse, Window
from sidecar.report.model import Advice, Evidence
from sidecar.report.say import over, percent, rate, size, size_setting
from sidecar.report.scope import Scope

#: The most that the settings take.
_MOST_BYTES: Final = 64 * 1024**3
_MOST_ENTRIES: Final = 1_000_000
#: Lookups a second in shared memory above which a cache in the process is worth its memory.
_OFTEN: Final = 100.0
_USUAL_ENTRIES: Final = 4096
#: Share of signatures that are wrong above which it is no wonder that nothing is found.
_MOSTLY: Final = 0.5


def caches(scope: Scope) -> Iterator[Advice]:
    """Yield what is to be said of caches."""
    window = scope.recent
    found = {} if window is None else {one.tier: one for one in window.caches}
    if window is None or not {"l1", "l2"} <= set(found):
        return
    local, shared = found["l1"], found["l2"]
    yield from _shared(scope, window, shared)
    yield from _torn(scope, window, shared)
    yield from _local(scope, window, local, shared)
    yield from _reuse(scope, window, local, shared)


def _full(scope: Scope, cache: CacheUse) -> float | None:
    """Return evictions by misses, if there are too many; each miss that is verified puts one in."""
    found = share(cache.evictions, cache.misses) if scope.enough(cache.misses) else None
    return found if found is not None and found >= scope.limits.cache_eviction_share else None


def _shared(scope: Scope, window: Window, shared: CacheUse) -> Iterator[Advice]:
    full = _full(scope, shared)
    if full is None:
        return
    text = (
        f"{shared.evictions} live identities were put out of shared memory {over(window)}, {percent(full)} of its "
        f"misses, and {percent(shared.hit_ratio or 0.0)} of lookups there hit"
    )
    yield _larger(scope, "shared_cache_small", text, Evidence("evictions_per_miss", full, "share", window.name))


def _torn(scope: Scope, window: Window, shared: CacheUse) -> Iterator[Advice]:
    torn = share(shared.torn, shared.lookups) if scope.enough(shared.lookups) else None
    if torn is None or torn < scope.limits.cache_torn_share:
        return
    text = (
        f"{percent(torn)} of lookups in shared memory met an entry half written {over(window)}: places there are "
        "rewritten all the time"
    )
    yield _larger(scope, "torn_reads", text, Evidence("torn_share", torn, "share", window.name))


def _larger(scope: Scope, kind: str, text: str, evidence: Evidence) -> Advice:
    current = scope.report.setup.shared_memory_bytes
    proposed = min(2 * current, _MOST_BYTES)
    if proposed <= current:
        return advised(kind, f"{text}; it has the most there may be", evidence, current=size_setting(current))
    text = f"{text}: raise AUTHZ_SHARED_MEMORY_SIZE to {size_setting(proposed)}"
    limit, used = scope.report.setup.memory_limit_bytes, scope.report.machine.memory_used_bytes
    if limit and used is not None and used + proposed - current > scope.limits.memory_share * limit:
        text += f", and the memory limit of {size(limit)} with it"
    return advised(kind, text, evidence, current=size_setting(current), proposed=size_setting(proposed))


def _local(scope: Scope, window: Window, local: CacheUse, shared: CacheUse) -> Iterator[Advice]:
    entries, full = scope.report.setup.local_entries, _full(scope, local)
    found = shared.hit_ratio if scope.enough(shared.lookups) else None
    if not entries and scope.enough(shared.lookups) and per_second(shared.lookups, window.seconds) >= _OFTEN:
        text = (
            f"shared memory is asked {rate(shared.per_second)} {over(window)}, since servers remember nothing by "
            f"themselves: set AUTHZ_CACHE_LOCAL_ENTRIES to {_USUAL_ENTRIES}"
        )
        evidence = Evidence("lookups_per_second", shared.per_second, "1/s", window.name)
        yield advised("local_cache_off", text, evidence, current=0, proposed=_USUAL_ENTRIES)
    if entries and full is not None and found is not None and found >= scope.limits.cache_hit_ratio:
        proposed = min(2 * entries, _MOST_ENTRIES)
        if proposed > entries:
            text = (
                f"{local.evictions} identities were put out of the servers' own caches {over(window)}, and "
                f"{percent(found)} of what they lacked was found in shared memory: raise "
                f"AUTHZ_CACHE_LOCAL_ENTRIES to {proposed}"
            )
            evidence = Evidence("evictions_per_miss", full, "share", window.name)
            more = Evidence("l2_hit_ratio", found, "share", window.name)
            yield advised("local_cache_small", text, evidence, more, current=entries, proposed=proposed)


def _reuse(scope: Scope, window: Window, local: CacheUse, shared: CacheUse) -> Iterator[Advice]:
    """Yield that tokens are new nearly each time, where it is neither the cache's fault nor an attacker's."""
    lookups, ratio, signatures = max(local.lookups, shared.lookups), window.hit_ratio, window.verifications
    if ratio is None or not scope.enough(lookups) or not scope.enough(signatures.count):
        return
    blameless = _full(scope, shared) is None and (signatures.invalid_share or 0.0) < _MOSTLY
    good = signatures.count * (1 - (signatures.invalid_share or 0.0))
    if ratio >= scope.limits.cache_hit_ratio or not blameless:
        return
    uses = window.checks.count / good
    text = (
        f"each token is used {uses:.2g} times {over(window)}, and {percent(ratio)} of identities are found in a cache, "
        "though there is room for all: have clients keep their tokens until shortly before they expire, or have them "
        "live longer"
    )
    evidence = (Evidence("hit_ratio", ratio, "share", window.name), Evidence("uses_per_token", uses, "", window.name))
    yield advised("tokens_hardly_reused", text, *evidence)
