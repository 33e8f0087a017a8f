"""Alerts about what comes of checks, of caches, pools and hooks: rates of the last 5 minutes."""

from collections.abc import Iterator

from sidecar.report.alerts.kinds import raised
from sidecar.report.difference import share
from sidecar.report.figures import HookUse, PoolUse, Window
from sidecar.report.model import Alert
from sidecar.report.outcomes import GRPC_FAULTS
from sidecar.report.say import duration, many, over, percent
from sidecar.report.scope import Scope


def traffic(scope: Scope) -> Iterator[Alert | None]:
    """Yield those that there are, and ``None`` for those that there are not."""
    window = scope.recent
    if window is None:
        return
    if scope.enough(window.checks.count):
        yield from _checks(scope, window)
    errors = window.events.get("grpc_errors", {})
    count = sum(errors.get(status, 0) for status in GRPC_FAULTS)
    text = f"{many(count, 'check')} ended in a gRPC error {over(window)}, and without an answer"
    yield raised("grpc_errors", scope.limits, count, text)
    yield from _caches(scope, window)
    for pool in window.pools:
        if scope.enough(pool.tasks):
            yield from _pool(scope, window, pool)
    for hook in window.hooks:
        if scope.enough(hook.calls):
            yield from _hook(scope, window, hook)


def _checks(scope: Scope, window: Window) -> Iterator[Alert | None]:
    checks, when = window.checks, over(window)
    for kind, value, what in (
        ("errors", checks.error_share, "were denied since the sidecar could not do its work"),
        ("denials", checks.denied_share, "were denied"),
        ("forged", checks.forged_share, "came with what no honest client sends"),
        ("shed", share(window.shed, checks.count), "were refused since a queue was full"),
    ):
        yield raised(kind, scope.limits, value, f"{percent(value or 0.0)} of checks {what} {when}")
    p99 = checks.latency.p99_seconds
    yield raised("latency", scope.limits, p99, f"1 check in 100 took {duration(p99 or 0.0)} or longer {when}")


def _caches(scope: Scope, window: Window) -> Iterator[Alert | None]:
    shared = next((one for one in window.caches if one.tier == "l2"), None)
    if window.hit_ratio is not None and scope.enough(max(one.lookups for one in window.caches)):
        text = f"{percent(window.hit_ratio)} of identities were found in a cache {over(window)}"
        yield raised("cache_hits", scope.limits, window.hit_ratio, text)
    if shared is None:
        return
    if scope.enough(shared.misses):
        value = share(shared.evictions, shared.misses)
        text = f"{shared.evictions} live identities were put out of shared memory {over(window)}"
        yield raised("cache_evictions", scope.limits, value, text)
    if scope.enough(shared.lookups):
        value = share(shared.torn, shared.lookups)
        text = f"{shared.torn} lookups in shared memory met an entry half written {over(window)}"
        yield raised("cache_torn", scope.limits, value, text)


def _pool(scope: Scope, window: Window, pool: PoolUse) -> Iterator[Alert | None]:
    name, when, limits = pool.pool, over(window), scope.limits
    busy = pool.busy_share
    yield raised("pool_busy", limits, busy, f"{name} pool {percent(busy or 0.0)} busy {when}", name)
    failed = None if pool.success_share is None else 1.0 - pool.success_share
    text = f"{percent(failed or 0.0)} of the {name} pool's tasks ended without a result {when}"
    yield raised("pool_failures", limits, failed, text, name)
    wait = None if pool.queue_wait is None else pool.queue_wait.p99_seconds
    text = f"1 task in 100 waited {duration(wait or 0.0)} or longer for the {name} pool {when}"
    yield raised("queue_wait", limits, wait, text, name)


def _hook(scope: Scope, window: Window, hook: HookUse) -> Iterator[Alert | None]:
    failed, p99 = hook.failed_share, hook.duration.p99_seconds
    text = f"{percent(failed or 0.0)} of the calls of {hook.name} failed, or were late, {over(window)}"
    yield raised("hook_failures", scope.limits, failed, text, hook.name)
    limit = scope.report.setup.hook_limits.get(hook.name)
    if p99 is not None and limit:
        text = f"1 call in 100 of {hook.name} took {duration(p99)} or longer {over(window)}; it may {duration(limit)}"
        yield raised("hook_slow", scope.limits, p99 / limit, text, hook.name)
