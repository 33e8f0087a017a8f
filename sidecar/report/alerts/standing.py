"""Alerts about how things stand: processes, memory, keys, revocation, policies."""

from collections.abc import Iterator

from sidecar.report.alerts.kinds import raised
from sidecar.report.difference import share
from sidecar.report.figures import ProcessUse, Window
from sidecar.report.model import Alert
from sidecar.report.say import duration, many, over, percent, size
from sidecar.report.scope import Scope, servers

_DAY = 86400.0
#: Seconds that a process may take from its start until it is ready: slow disks, many imports.
STARTING_SECONDS = 60.0


def standing(scope: Scope) -> Iterator[Alert | None]:
    """Yield those that there are, and ``None`` for those that there are not."""
    recent, long = scope.recent, scope.window("15m")
    if recent is not None:
        yield from _load(scope, recent)
    if long is not None:
        yield from _changes(scope, long)
    if not scope.report.draining:
        yield from _children(scope)
    yield _memory(scope)
    text = "the configuration or keys that were read last are refused, and those before stay; the log says why"
    yield raised("reload_refused", scope.limits, int(scope.report.reload_ok is False), text)
    yield from _certificates(scope)
    yield from _keys(scope)
    yield from _revocation(scope)
    yield from _bundle(scope)


def _load(scope: Scope, window: Window) -> Iterator[Alert | None]:
    for one in servers(window):
        text = f"{one.name} takes {percent(one.cpu_share or 0.0)} of a CPU {over(window)}"
        yield raised("cpu_busy", scope.limits, one.cpu_share, text, one.name)
    late = window.loop_lag.p99_seconds if window.loop_lag and scope.enough(window.loop_lag.count) else None
    text = f"event loops were {duration(late or 0.0)} late or more, 1 time in 100, {over(window)}"
    yield raised("loop_lag", scope.limits, late, text)


def _changes(scope: Scope, window: Window) -> Iterator[Alert | None]:
    for one in window.processes:
        count = one.restarts_within
        text = f"{one.name} was started again {many(count or 0, 'time')} {over(window)}"
        yield raised("restarts", scope.limits, count, text, one.name)
    forged = window.events.get("revocations", {}).get("feed_forged", 0)
    text = f"{many(forged, 'message')} of the revocation feed came {over(window)} that nobody signed who may revoke"
    yield raised("forged_revocations", scope.limits, forged, text)


def _children(scope: Scope) -> Iterator[Alert | None]:
    for one in scope.report.live.processes:
        text = f"{one.name} ends again and again; the log says why"
        yield raised("crash_loop", scope.limits, int(one.crash_loop), text, one.name)
        text = f"{one.name} is not ready: {one.state or 'it does not run'}"
        yield raised("process_down", scope.limits, int(_is_down(one)), text, one.name)


def _is_down(one: ProcessUse) -> bool:
    starts = one.pid is not None and one.state in ("starting", None) and (one.age_seconds or 0.0) < STARTING_SECONDS
    # A verifier that there is to be no more ends what it has, and goes.
    leaves = one.role == "verifier" and one.state in ("draining", "stopped")
    return not one.up and not starts and not leaves


def _memory(scope: Scope) -> Alert | None:
    used, limit = scope.report.machine.memory_used_bytes, scope.report.setup.memory_limit_bytes
    if used is None or not limit:
        return None
    text = f"{size(used)} of {size(limit)} of memory are in use"
    return raised("memory", scope.limits, used / limit, text)


def _keys(scope: Scope) -> Iterator[Alert | None]:
    for one in scope.report.key_sets:
        text = f"{one.issuer} has no keys, so that its tokens are denied"
        yield raised("keys_missing", scope.limits, int(one.keys == 0), text, one.issuer)
        if one.age_seconds is not None and one.max_stale_seconds is not None:
            text = (
                f"the keys of {one.issuer} were confirmed {duration(one.age_seconds)} ago, and are dropped after "
                f"{duration(one.max_stale_seconds)}"
            )
            yield raised("keys_stale", scope.limits, one.stale_share, text, one.issuer)
        failures = one.failures_in_a_row
        text = f"fetching the keys of {one.issuer} failed {many(failures or 0, 'time')} in a row"
        yield raised("fetch_failures", scope.limits, failures, text, one.issuer)
        left = one.certificate_expires_in_seconds
        text = f"the certificate of the server with the keys of {one.issuer} {_expires(left or 0.0)}"
        yield raised("certificate_expiry", scope.limits, None if left is None else left / _DAY, text, one.issuer)


def _certificates(scope: Scope) -> Iterator[Alert | None]:
    for one in scope.report.certificates:
        left = one.expires_in_seconds
        text = f"the certificate of the {one.listener} listener {_expires(left)}"
        yield raised("certificate_expiry", scope.limits, left / _DAY, text, one.listener)


def _expires(left: float) -> str:
    return f"expired {duration(-left)} ago" if left < 0 else f"expires in {duration(left)}"


def _revocation(scope: Scope) -> Iterator[Alert | None]:
    found, limits = scope.report.revocation, scope.limits
    if found is None:
        return
    yield raised("feed_lost", limits, int(found.feed_connected is False), "the revocation feed is not connected")
    lag = found.feed_lag_seconds
    text = f"the revocation feed was read to its end {duration(lag or 0.0)} ago: what is revoked since passes"
    yield raised("feed_lag", limits, lag, text)
    text = "the revocation feed lost entries before they were read; post them again, and restart"
    yield raised("feed_gaps", limits, found.feed_gaps, text)
    text = f"{found.entries} of the denylist's {found.capacity} entries are taken"
    yield raised("denylist_full", limits, share(found.entries, found.capacity), text)
    text = "the denylist is not complete, so that everybody is denied"
    yield raised("denylist_incomplete", limits, int(not found.complete), text)


def _bundle(scope: Scope) -> Iterator[Alert | None]:
    found = scope.report.bundle
    if found is None:
        return
    text = f"policy bundle {found.name} is not in force, so that what it allows is denied"
    yield raised("bundle_out_of_force", scope.limits, int(not found.in_force), text, found.name)
    text = f"fetching policy bundle {found.name} failed {many(found.failures_in_a_row, 'time')} in a row"
    yield raised("fetch_failures", scope.limits, found.failures_in_a_row, text, found.name)
