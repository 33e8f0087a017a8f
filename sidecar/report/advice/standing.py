"""Advice about what it runs with, and what it depends on: keys, revocation, policies, hooks, dry run, the token."""

from collections.abc import Iterator

from sidecar.report.advice.kinds import advised
from sidecar.report.difference import share
from sidecar.report.model import Advice, Evidence
from sidecar.report.say import duration, many, over, percent, rate
from sidecar.report.scope import Scope
from sidecar.report.standing import AdminToken

_DAY = 86400.0
#: The most that the setting takes.
_MOST_ENTRIES = 100_000_000
#: Ends of a hook's call.
_NO_DECISION = ("failed", "timeout", "shed")


def standing(scope: Scope) -> Iterator[Advice]:
    """Yield what is to be said of all that."""
    yield from _keys(scope)
    yield from _revocation(scope)
    yield from _bundle(scope)
    yield from _hooks(scope)
    yield from _dry_run(scope)
    if scope.report.setup.admin_token is AdminToken.WEAK:
        text = "the administration's bearer token could be guessed: make one with 'openssl rand -hex 32'"
        yield advised("admin_token_weak", text)


def _keys(scope: Scope) -> Iterator[Advice]:
    for one in scope.report.key_sets:
        left, failures, stale = one.certificate_expires_in_seconds, one.failures_in_a_row or 0, one.stale_share
        old = stale is not None and stale >= scope.limits.key_stale_share
        if old or failures >= scope.limits.fetch_failures:
            evidence = [Evidence("failures_in_a_row", failures, "times", "now")]
            text = f"fetching the keys of {one.issuer} failed {many(failures, 'time')} in a row"
            if one.age_seconds is not None and one.max_stale_seconds is not None:
                evidence.append(Evidence("age_seconds", one.age_seconds, "s", "now"))
                rest = max(0.0, one.max_stale_seconds - one.age_seconds)
                text += f"; its tokens are denied in {duration(rest)}, when max_stale_seconds are over"
            text += ": look at the log, and whether this pod reaches its URL"
            yield advised("keys_stale", text, *evidence, about=one.issuer)
        if left is not None and _is_over_soon(scope, left):
            text = (
                f"the certificate of the server with the keys of {one.issuer} {_ends(left)}: have its operator renew it"
            )
            yield advised("certificate_expiry", text, _until(left), about=one.issuer)
    for ours in scope.report.certificates:
        left = ours.expires_in_seconds
        if _is_over_soon(scope, left):
            text = (
                f"the certificate of the {ours.listener} listener ({ours.setting}) {_ends(left)}: renew it; it is "
                "taken as soon as it is there"
            )
            yield advised("certificate_expiry", text, _until(left), about=ours.listener)


def _is_over_soon(scope: Scope, left: float) -> bool:
    return left < scope.limits.certificate_days * _DAY


def _ends(left: float) -> str:
    return f"expired {duration(-left)} ago" if left < 0 else f"expires in {duration(left)}"


def _until(left: float) -> Evidence:
    return Evidence("certificate_expires_in_seconds", left, "s", "now")


def _revocation(scope: Scope) -> Iterator[Advice]:
    found = scope.report.revocation
    if found is None:
        return
    yield from _forged(scope)
    lag = found.feed_lag_seconds
    if found.feed_connected is False or (lag is not None and lag >= scope.limits.feed_lag_seconds):
        state = "is not connected" if found.feed_connected is False else "lags"
        since = "" if lag is None else f", and was read to its end {duration(lag)} ago"
        text = f"the revocation feed {state}{since}: what is revoked meanwhile passes; look at Redis, and the way to it"
        yield advised("feed_lagging", text, *([] if lag is None else [Evidence("feed_lag_seconds", lag, "s", "now")]))
    full = share(found.entries, found.capacity)
    if full is not None and full >= scope.limits.denylist_share and found.capacity < _MOST_ENTRIES:
        proposed = min(2 * found.capacity, _MOST_ENTRIES)
        text = (
            f"{found.entries} of the denylist's {found.capacity} entries are taken, {percent(full)}; when all are, "
            f"the sidecar is not ready: raise AUTHZ_REVOCATION_MAX_ENTRIES to {proposed}"
        )
        evidence = Evidence("full_share", full, "share", "now")
        yield advised("denylist_full", text, evidence, current=found.capacity, proposed=proposed)


def _forged(scope: Scope) -> Iterator[Advice]:
    window = scope.window("15m")
    forged = 0 if window is None else window.events.get("revocations", {}).get("feed_forged", 0)
    if window is not None and forged:
        text = (
            f"{many(forged, 'message')} of the revocation feed came {over(window)} that nobody signed who may revoke: "
            "put a new signer's key into revocation.feed.keys_file, or see who writes to Redis"
        )
        yield advised("forged_revocations", text, Evidence("forged", forged, "messages", window.name))


def _bundle(scope: Scope) -> Iterator[Advice]:
    found = scope.report.bundle
    if found is None or (found.in_force and found.failures_in_a_row < scope.limits.fetch_failures):
        return
    state = "" if found.in_force else " is not in force, so that what it allows is denied, and"
    failures = many(found.failures_in_a_row, "time")
    text = (
        f"policy bundle {found.name}{state} failed to be fetched {failures} in a row: look at its server, and the log"
    )
    evidence = Evidence("failures_in_a_row", found.failures_in_a_row, "times", "now")
    yield advised("bundle_stale", text, evidence, about=found.name)


def _hooks(scope: Scope) -> Iterator[Advice]:
    window = scope.recent
    for hook in () if window is None else window.hooks:
        limit, p99 = scope.report.setup.hook_limits.get(hook.name), hook.duration.p99_seconds
        if window is None or not scope.enough(hook.calls):
            continue
        if limit and p99 is not None and p99 / limit >= scope.limits.hook_slow_share:
            text = (
                f"1 call in 100 of {hook.name} took {duration(p99)} or longer {over(window)}, and it may take "
                f"{duration(limit)}: make it faster, have its results kept (a key in its declaration), or give it "
                "more time"
            )
            evidence = Evidence("duration_p99_seconds", p99, "s", window.name)
            yield advised("hook_slow", text, evidence, about=hook.name, current=limit)
        if hook.failed_share is not None and hook.failed_share >= scope.limits.hook_failed_share:
            ends = ", ".join(f"{name} {hook.results[name]}" for name in _NO_DECISION if name in hook.results)
            text = (
                f"{percent(hook.failed_share)} of the calls of {hook.name} gave no decision {over(window)} ({ends}): "
                "look at the log"
            )
            evidence = Evidence("failed_share", hook.failed_share, "share", window.name)
            yield advised("hook_failing", text, evidence, about=hook.name)
    for hook in scope.report.live.hooks:
        if hook.moved:
            text = (
                f"{hook.name} was too slow for {many(hook.moved, 'server')}, which have it asked in a process of its "
                "own: declare it cpu_bound, or make it async if it waits"
            )
            yield advised("hook_moved", text, Evidence("moved", hook.moved, "servers", "now"), about=hook.name)


def _dry_run(scope: Scope) -> Iterator[Advice]:
    if not scope.report.setup.dry_run:
        return
    window, text = scope.window("15m"), "nothing is enforced, since dry_run is on"
    if window is None or not scope.enough(window.checks.count):
        yield advised("dry_run", f"{text}: set AUTHZ_DRY_RUN to false to enforce it", current="true", proposed="false")
        return
    passed = window.checks.would_deny_per_second
    evidence = Evidence("would_deny_per_second", passed, "1/s", window.name)
    if passed:
        text = (
            f"{text}; {rate(passed)} checks {over(window)} would have been denied: look at their reasons, then set "
            "AUTHZ_DRY_RUN to false"
        )
    else:
        text = f"{text}; {over(window)} no check would have been denied: set AUTHZ_DRY_RUN to false to enforce it"
    yield advised("dry_run", text, evidence, current="true", proposed="false")
