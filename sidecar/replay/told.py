"""Why a request of a log is decided as it is: each rule about it, and whether each condition holds.

As ``core.policy.explain`` has it where all is known, and with a third answer where it is not (property tests).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sidecar.core.policy.explain import condition_node
from sidecar.core.policy.model import EVERYBODY, Action, Condition, Entry, Policy, Term
from sidecar.replay.asked import Asked
from sidecar.replay.decide import enforced_here, has_scopes, lacking_here
from sidecar.replay.record import Token

_SCOPE = frozenset({"claim scope"})


@dataclass(frozen=True, slots=True)
class Told:
    """Something that matches, does not, or hangs on what is ``lacking`` (``holds`` is ``None``).

    ``seen`` are the values that it was held against, each as a text.
    """

    label: str
    holds: bool | None
    seen: tuple[str, ...] = ()
    lacking: frozenset[str] = frozenset()
    parts: tuple["Told", ...] = ()


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule about the request. ``told`` is of all that it asks beside method, host and path, which fit."""

    policy: Policy
    told: Told


def told(asked: Asked) -> tuple[ToldRule, ...]:
    """Look at all rules that are about the request: deny policies' first, each in the order in which they are asked."""
    has_identity = not asked.rules.public and asked.record.token is not Token.NONE
    if not has_identity:
        asked = replace(asked, case=asked.case._replace(identity=None))
    return tuple(_rule(entry, asked, has_identity=has_identity) for entry in (*asked.rules.deny, *asked.rules.allow))


def _rule(entry: Entry, asked: Asked, *, has_identity: bool) -> ToldRule:
    policy, rule = entry.policy, entry.rule
    ask = _Asking(asked, has_identity=has_identity, keeps_out=policy.action is not Action.ALLOW)
    parts = []
    if rule.sources:
        sources = [_all(f"source {place}", ask.each(one.conditions)) for place, one in enumerate(rule.sources, 1)]
        parts.append(_any("from", sources))
    # Those that look at nothing but the endpoint hold: it is among the rules about it.
    conditions = [one for one in rule.conditions if one not in rule.of_endpoint]
    if conditions:
        parts.append(_all("when", ask.each(conditions)))
    if policy.scopes:
        parts.append(_scopes(policy, asked))
    if policy.percent < EVERYBODY:
        parts.append(_share(policy, asked, has_identity=has_identity))
    return ToldRule(policy, _all(f"rule {entry.place}", parts))


@dataclass(frozen=True, slots=True)
class _Asking:
    """How conditions are asked."""

    asked: Asked
    has_identity: bool
    keeps_out: bool

    def each(self, conditions: Iterable[Condition | Term]) -> list[Told]:
        return [self._one(condition) for condition in conditions]

    def _one(self, condition: Condition | Term) -> Told:
        node = condition_node(condition, self.asked.case, keeps_out=self.keeps_out)
        lacking = lacking_here(condition, self.asked, has_identity=self.has_identity)
        if lacking:
            return Told(node.label, None, lacking=lacking)
        return Told(node.label, node.holds, node.seen)


def _scopes(policy: Policy, asked: Asked) -> Told:
    label, has = f"scopes: {' '.join(sorted(policy.scopes))}", has_scopes(policy, asked)
    return Told(label, has, lacking=_SCOPE if has is None else frozenset())


def _share(policy: Policy, asked: Asked, *, has_identity: bool) -> Told:
    label = f"enforced for {policy.percent:g}% of subjects"
    found = enforced_here(policy, asked, has_identity=has_identity)
    return Told(label, found) if isinstance(found, bool) else Told(label, None, lacking=found)


def _all(label: str, parts: Sequence[Told]) -> Told:
    holds = None if any(one.holds is None for one in parts) else True
    return Told(label, False if any(one.holds is False for one in parts) else holds, parts=tuple(parts))


def _any(label: str, parts: Sequence[Told]) -> Told:
    holds = None if any(one.holds is None for one in parts) else False
    return Told(label, True if any(one.holds is True for one in parts) else holds, parts=tuple(parts))
