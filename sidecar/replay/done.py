"""What policies do beside deciding, and which hooks are asked: what of it would be another, by names.

Values that hang on what a log lacks are not guessed, as with conditions. Bodies and redirects are compared as they are
written, whoever asks: few logs say which client is a browser.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sidecar.core.decision import Denial
from sidecar.core.effects.added import added
from sidecar.core.effects.model import NO_EFFECT, Allowed, Content, Denied
from sidecar.core.effects.reply import chosen
from sidecar.core.effects.value import UntoldError
from sidecar.core.policy.terms import value_of
from sidecar.core.reason import OUTCOMES, Reason
from sidecar.replay.asked import Asked
from sidecar.replay.decide import Verdict
from sidecar.replay.needs import lacking

_NOTHING = frozenset[str]()
#: Decisions that are a policy's own.
_BY_POLICY = frozenset({Reason.ALLOWED, Reason.DENIED_BY_POLICY, Reason.INSUFFICIENT_SCOPE})
#: Denials about which hooks that may allow are asked. Which of them are for who has no token they alone say.
_FOR_HOOKS = frozenset({Reason.NO_POLICY_ALLOWS, Reason.NO_CREDENTIAL})


@dataclass(frozen=True, slots=True)
class Differing:
    """``parts`` are the names of what is another, in order; ``lacking`` what it hangs on that the log does not have."""

    parts: tuple[str, ...] = ()
    lacking: frozenset[str] = _NOTHING


@dataclass(frozen=True, slots=True)
class Decision:
    """A request under one configuration, and what is decided there."""

    asked: Asked
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _AsWritten:
    value: object


_Parts: TypeAlias = Mapping[str, "Content | _AsWritten"]


class _LacksError(Exception):
    """What a value hangs on is not in the log: ``args`` are its names."""


def with_effects(decision: Decision) -> Verdict:
    """Return the verdict, or a denial where what the policy adds cannot be told.

    Where the log lacks something that it looks at, it is taken to be told.
    """
    verdict, asked = decision.verdict, decision.asked
    effect = asked.under.effects.allowed.get(verdict.policy or "")
    if not verdict.allowed or effect is None or any(_lacks(one, asked) for one in effect.expressions):
        return verdict
    try:
        added(effect, asked.case, asked.under.max_header_bytes)
    except UntoldError:
        return Verdict(allowed=False, reason=Reason.EFFECT_FAILED, policy=verdict.policy)
    return verdict


def differing(before: Decision, after: Decision) -> Differing:
    """Return what would be done otherwise, both being allowed, or both denied."""
    parts, hooks = [_parts(one) for one in (before, after)], [set(_hooks(one)) for one in (before, after)]
    found, missing = hooks[0] ^ hooks[1], set[str]()
    old, new = parts
    if old is None or new is None:
        return Differing(tuple(sorted(found)), before.verdict.lacking | after.verdict.lacking)
    for name in {*old, *new}:
        try:
            if _told(old, name, before.asked) != _told(new, name, after.asked):
                found.add(name)
        except _LacksError as error:
            if old.get(name) != new.get(name):
                missing.update(error.args)
    return Differing(tuple(sorted(found)), frozenset(missing))


def is_done_alike(one: Asked, other: Asked) -> bool:
    """Say whether two requests about which the same is decided have the same done, whatever that is."""
    hooks = [({hook.name for hook in asked.rules.hooks}, asked.rules.may_allow) for asked in (one, other)]
    return one.under.effects == other.under.effects and hooks[0] == hooks[1]


def _told(parts: _Parts, name: str, asked: Asked) -> object:
    """Return what a part comes to, the empty text where there is none; raises ``_LacksError``."""
    part = parts.get(name, "")
    if isinstance(part, _AsWritten):
        return part.value
    if isinstance(part, str):
        return part
    if missing := _lacks(part, asked):
        raise _LacksError(*missing)
    return value_of(part, asked.case)


def _lacks(value: Content, asked: Asked) -> list[str]:
    return [] if isinstance(value, str) else lacking(value, asked.record, asked.case.proxies)


def _parts(one: Decision) -> _Parts | None:
    """Return what is done, by names; ``None`` where it is not known which policy does it."""
    verdict, effects = one.verdict, one.asked.under.effects
    of_policies = effects.allowed if verdict.allowed else effects.denied
    if of_policies and verdict.policy is None and verdict.reason in _BY_POLICY:
        return None
    if verdict.allowed:
        return dict(_of_allowed(effects.allowed.get(verdict.policy or "", NO_EFFECT)))
    denial = Denial(verdict.reason, verdict.policy if verdict.reason in _BY_POLICY else None)
    return dict(_of_denied(chosen(effects, denial), one))


def _of_allowed(effect: Allowed) -> Iterator[tuple[str, "Content | _AsWritten"]]:
    for place, named in (
        ("upstream.set", effect.set),
        ("upstream.append", effect.append),
        ("client.set", effect.client_set),
        ("client.append", effect.client_append),
        ("query.set", effect.query_set),
        ("metadata", effect.metadata),
    ):
        yield from ((f"{place}.{name}", value) for name, value in named)
    for place, names in (("upstream.remove", effect.remove), ("query.remove", effect.query_remove)):
        yield from ((f"{place}.{name}", _AsWritten(value=True)) for name in names)


def _of_denied(denied: Denied | None, one: Decision) -> Iterator[tuple[str, "Content | _AsWritten"]]:
    usual = OUTCOMES[one.verdict.reason].status
    yield "denied.status", _AsWritten(usual if denied is None or denied.status is None else denied.status)
    if denied is None:
        return
    if denied.body is not None:
        yield "denied.body", _AsWritten(denied.body)
    if denied.redirect is not None:
        origins = one.asked.under.effects.origins if denied.redirect.has_url else ()
        yield "denied.redirect", _AsWritten((denied.redirect, origins))
    yield from ((f"denied.headers.{name}", value) for name, value in denied.headers)


def _hooks(one: Decision) -> Iterator[str]:
    """Yield the hooks that are asked, and of those that may allow that they may."""
    rules, verdict = one.asked.rules, one.verdict
    if verdict.allowed or (verdict.reason in _FOR_HOOKS and rules.may_allow):
        yield from (f"hook {hook.name}" for hook in rules.hooks)
        yield from (f"hook {name}, which may allow" for name in rules.may_allow)
