"""Advice about what comes in, and what goes wrong with it: attacks, overload, deadlines, what others do not answer."""

from collections.abc import Iterator, Mapping
from typing import Final

from sidecar.report.advice.kinds import KINDS, advised
from sidecar.report.advice.pools import idle_cpus, is_busy
from sidecar.report.difference import share
from sidecar.report.figures import ReasonCount, Window
from sidecar.report.model import Advice, Evidence
from sidecar.report.outcomes import FORGED, GRPC_FAULTS
from sidecar.report.say import many, over, percent, rate
from sidecar.report.scope import Scope

#: Reasons that are named.
_NAMED: Final = 3
#: Share of what is forged above which one reason is most of it.
_MOST: Final = 0.5
#: Share of questions to issuers without an answer.
_UNANSWERED: Final = 0.1


def traffic(scope: Scope) -> Iterator[Advice]:
    """Yield what is to be said of checks."""
    window = scope.recent
    if window is None:
        return
    yield from _stale_envoy(window)
    yield from _without_answer(window)
    yield from _introspection(scope, window)
    if not scope.enough(window.checks.count):
        return
    if _is_attacked(scope, window):
        yield _attack(scope, window)
    else:
        yield from _overloaded(scope, window)
    yield from _late(scope, window)
    yield from _unsigned(scope, window)


def _is_attacked(scope: Scope, window: Window) -> bool:
    forged = window.checks.forged_share
    return forged is not None and forged >= scope.limits.forged_share


def _attack(scope: Scope, window: Window) -> Advice:
    forged = window.checks.forged_share or 0.0
    found = [one for one in window.checks.reasons if one.reason in FORGED and one.outcome != "allowed"]
    named = ", ".join(f"{one.reason} {rate(one.per_second)}" for one in found[:_NAMED])
    evidence = [Evidence("forged_share", forged, "share", window.name)]
    evidence += [Evidence(one.reason, one.per_second, "1/s", window.name) for one in found[:_NAMED]]
    unknown = _count(found, "unknown_key")
    if unknown > _MOST * sum(one.count for one in found):
        text = (
            f"{percent(forged)} of checks {over(window)} came with what no honest client sends ({named}), most with a "
            "key that is not known: somebody makes tokens up, or an issuer signs with a key that it does not publish"
        )
        return advised("unknown_keys", text, *evidence)
    text = (
        f"{percent(forged)} of checks {over(window)} came with what no honest client sends ({named}): limit the rate "
        "of its senders in Envoy, before ext_authz"
    )
    shed = share(window.shed, window.checks.count) or 0.0
    if shed >= scope.limits.shed_share:
        evidence.append(Evidence("shed_share", shed, "share", window.name))
        text += (
            f"; {percent(shed)} of checks were refused since queues were full, new tokens of honest clients among them"
        )
    return advised("attack", text, *evidence)


def _overloaded(scope: Scope, window: Window) -> Iterator[Advice]:
    shed, setup = share(window.shed, window.checks.count), scope.report.setup
    # A pool that is busy is spoken of by itself.
    if shed is None or shed < scope.limits.shed_share or any(is_busy(scope, one) for one in window.pools):
        return
    kind, current = "overloaded", setup.common_verifiers
    if setup.verifiers_min is not None:
        kind, current = "overloaded_at_times", setup.verifiers_min
    evidence = [Evidence("shed_share", shed, "share", window.name)]
    text = f"{percent(shed)} of checks were refused {over(window)} since a queue was full, new tokens above all"
    may_grow = setup.verifiers_max is None or current < setup.verifiers_max
    if scope.idle_cpus and setup.multiprocessing and may_grow:
        evidence.append(idle_cpus(scope))
        text = f"{text}: raise {KINDS[kind].variable} to {current + 1}"
        yield advised(kind, text, *evidence, current=current, proposed=current + 1)
    else:
        yield advised(kind, f"{text}: it takes more CPUs, or more pods", *evidence, current=current)


def _late(scope: Scope, window: Window) -> Iterator[Advice]:
    late = _share_of(window, "deadline_exceeded")
    if late is None or late < scope.limits.error_share:
        return
    text = (
        f"{percent(late)} of checks were not answered within Envoy's deadline {over(window)}: look for what is slow "
        "here (hooks, introspection, CPUs), or raise the filter's timeout"
    )
    yield advised("deadlines", text, Evidence("deadline_exceeded_share", late, "share", window.name))


def _stale_envoy(window: Window) -> Iterator[Advice]:
    count = _count(window.checks.reasons, "envoy_config_stale")
    if count:
        text = (
            f"{count} checks were denied {over(window)} since Envoy does not send all headers that policies look at: "
            "make its configuration anew (authz-sidecar envoy config)"
        )
        yield advised("envoy_config_stale", text, Evidence("envoy_config_stale", count, "checks", window.name))


def _without_answer(window: Window) -> Iterator[Advice]:
    errors = window.events.get("grpc_errors", {})
    found = {status: errors[status] for status in GRPC_FAULTS if status in errors}
    if found:
        named = ", ".join(f"{status} {count}" for status, count in found.items())
        text = (
            f"{many(sum(found.values()), 'check')} ended in a gRPC error {over(window)} ({named}): where Envoy has "
            "failure_mode_allow it let them in; take that out, and look at the log, and at who asks beside Envoy"
        )
        evidence = [Evidence(status, count, "checks", window.name) for status, count in found.items()]
        yield advised("grpc_errors", text, *evidence)


def _introspection(scope: Scope, window: Window) -> Iterator[Advice]:
    ends: Mapping[str, int] = window.events.get("introspections", {})
    asked = sum(ends.values())
    unanswered = share(ends.get("failed", 0) + ends.get("rejected", 0), asked) if scope.enough(asked) else None
    if unanswered is not None and unanswered >= _UNANSWERED:
        text = (
            f"{percent(unanswered)} of questions to issuers about opaque tokens had no answer {over(window)}: look at "
            "the issuer; if it is slow, raise issuers[].introspection.timeout_seconds, and Envoy's with it"
        )
        evidence = Evidence("unanswered_share", unanswered, "share", window.name)
        yield advised("introspection_failing", text, evidence)


def _unsigned(scope: Scope, window: Window) -> Iterator[Advice]:
    failed, current = _share_of(window, "assertion_unavailable"), max(1, scope.report.setup.jwt_verifiers)
    if failed is None or failed < scope.limits.error_share:
        return
    text = f"{percent(failed)} of checks were denied {over(window)} since nobody signed their assertion in time"
    evidence = Evidence("assertion_unavailable_share", failed, "share", window.name)
    if scope.idle_cpus:
        text = f"{text}: raise AUTHZ_JWT_PROCESSOR_WORKERS to {current + 1}"
        yield advised("signing_failing", text, evidence, current=current, proposed=current + 1)
    else:
        yield advised("signing_failing", f"{text}: look at the log of the minters", evidence, current=current)


def _count(reasons: "tuple[ReasonCount, ...] | list[ReasonCount]", reason: str) -> int:
    return sum(one.count for one in reasons if one.reason == reason)


def _share_of(window: Window, reason: str) -> float | None:
    return share(_count(window.checks.reasons, reason), window.checks.count)
