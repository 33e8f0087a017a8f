"""Which rules are about an endpoint, whoever asks: the half of policy that needs neither headers nor identity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from sidecar.core.endpoint import Endpoint
from sidecar.core.policy.conditions import is_about, is_met_at
from sidecar.core.policy.hook import Hook
from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.model import EVERYBODY, Action, Entry, Operation, Policy, PolicySet, Rule
from sidecar.core.policy.peer import NO_PROXIES, Proxies

#: Rules for which there are plans: thousands of rules for thousands of identities would fill the memory.
_MOST_PLANNED = 16


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Applicable:
    """``deny``, ``allow`` and ``audit`` in the policies' order. ``preflight``: whether a CORS preflight needs no token.

    ``of_identity``: whether the identity alone decides by them, since none looks at the request. ``tries``: whether
    some are not enforced for everybody. ``plannable``: whether they look at requests, and all there is to them is to
    deny, or to allow, so that a plan is worth while for an identity (``plan.py``). ``reads_body``: whether one looks at
    the body, and ``needs_body`` whether one does that is enforced for anybody. ``open_unless`` one of these is enforced
    all that is not denied may pass; ``None``: never. ``dry_run``: nothing is enforced. ``lacking``: there are policies
    that are not here. ``hooks`` are asked about what policies do not deny, and those in ``may_allow`` may allow what no
    policy does. ``serial`` is another one for each, cheap as a key, which does not keep it alive; ``Lookup`` sees to it
    that endpoints with the same rules share one.
    """

    public: bool
    preflight: bool
    deny: tuple[Entry, ...]
    allow: tuple[Entry, ...]
    audit: tuple[Entry, ...] = ()
    proxies: Proxies = NO_PROXIES
    open_unless: tuple[Policy, ...] | None = None
    dry_run: bool = False
    lacking: bool = False
    hooks: tuple[Hook, ...] = ()
    may_allow: frozenset[str] = frozenset()
    of_identity: bool = field(init=False)
    tries: bool = field(init=False)
    reads_body: bool = field(init=False)
    plannable: bool = field(init=False)
    needs_body: bool = field(init=False)
    serial: int = field(init=False, default_factory=count().__next__)

    def __post_init__(self) -> None:
        """Look whether any of it looks at the request."""
        entries = (*self.deny, *self.allow, *self.audit)
        looks = self.public or self.preflight or any(one.rule.looks_at_request for one in entries)
        # INVARIANT: what hooks are asked about is never answered by an answer that was kept.
        object.__setattr__(self, "of_identity", not looks and not self.hooks)
        reading = [one.policy for one in entries if one.rule.reads_body]
        needs = any(one.action is not Action.AUDIT and one.percent > 0 for one in reading)
        object.__setattr__(self, "reads_body", bool(reading))
        object.__setattr__(self, "needs_body", needs)
        policies = (*(one.policy for one in entries), *(self.open_unless or ()))
        object.__setattr__(self, "tries", any(one.percent < EVERYBODY for one in policies))
        opens = self.public or self.preflight or self.dry_run or self.tries
        simple = looks and not (opens or self.hooks or self.audit or self.reads_body)
        object.__setattr__(self, "plannable", simple and len(entries) <= _MOST_PLANNED)

    @property
    def content(self) -> tuple[object, ...]:
        """Return what it is made of, by the rules' numbers: equal for those of one policy set that say the same."""
        entries = (tuple(one.number for one in entries) for entries in (self.deny, self.allow, self.audit))
        hooks = tuple(one.name for one in self.hooks)
        return self.public, self.preflight, *entries, hooks, self.may_allow


def applicable(policies: PolicySet, endpoint: Endpoint, hooks: Sequence[Hook] = ()) -> Applicable:
    """Find the rules for an endpoint.

    Where an upstream may read the path in more than one way, a deny rule applies if it is about any of them, and an
    allow rule must be about each of them.
    """
    # What is not about the path as sent is not about every reading.
    allowing = policies.allow_by_path.candidates(endpoint.paths[0])
    return Applicable(
        public=_is_among(policies.public_by_path, endpoint),
        preflight=_is_among(policies.cors_preflight_by_path, endpoint),
        deny=_of_any_reading(policies.deny_by_path, endpoint),
        allow=tuple(one for one in allowing if _is_about(one, endpoint)),
        audit=_of_any_reading(policies.audit_by_path, endpoint),
        proxies=policies.proxies,
        open_unless=policies.allow if policies.allows_by_default else None,
        dry_run=policies.dry_run,
        lacking=policies.lacking,
        hooks=tuple(one for one in hooks if _is_asked(one, endpoint)),
        may_allow=frozenset(one.name for one in hooks if _may_allow(one, endpoint)),
    )


def _is_asked(hook: Hook, endpoint: Endpoint) -> bool:
    # As a deny rule: by any reading of the path.
    return not hook.asked_at or any(_some(hook.asked_at, endpoint, path, keeps_out=True) for path in endpoint.paths)


def _may_allow(hook: Hook, endpoint: Endpoint) -> bool:
    # INVARIANT: every reading of the path is among those it is for, or it allows nothing.
    every = (_some(hook.allows_at, endpoint, path, keeps_out=False) for path in endpoint.paths)
    return hook.may_allow and (not hook.allows_at or all(every))


def _of_any_reading(entries: PathIndex[Entry], endpoint: Endpoint) -> tuple[Entry, ...]:
    # In the policies' order: the first deny rule that matches, by any reading, is the one that is named.
    found = {one.number: one for path in endpoint.paths for one in entries.candidates(path)}
    return tuple(found[number] for number in sorted(found) if _is_about(found[number], endpoint))


def _is_among(operations: PathIndex[Operation], endpoint: Endpoint) -> bool:
    # INVARIANT: every reading of the path is among them, or the request is not.
    return all(_some(operations.candidates(path), endpoint, path, keeps_out=False) for path in endpoint.paths)


def _is_about(entry: Entry, endpoint: Endpoint) -> bool:
    return concerns(entry.rule, endpoint, keeps_out=entry.policy.action is not Action.ALLOW)


def concerns(rule: Rule, endpoint: Endpoint, *, keeps_out: bool) -> bool:
    """Say whether a rule is about an endpoint: all of it that looks at nothing else."""
    if not rule.operations and not rule.of_endpoint:
        return True
    # INVARIANT: every reading of the path is allowed, or the request is not.
    every = any if keeps_out else all
    return every(_holds_at(rule, endpoint, path, keeps_out=keeps_out) for path in endpoint.paths)


def _holds_at(rule: Rule, endpoint: Endpoint, path: str, *, keeps_out: bool) -> bool:
    return (not rule.operations or _some(rule.operations, endpoint, path, keeps_out=keeps_out)) and all(
        is_met_at(one, endpoint, path, keeps_out=keeps_out) for one in rule.of_endpoint
    )


def _some(operations: Iterable[Operation], endpoint: Endpoint, path: str, *, keeps_out: bool) -> bool:
    return any(is_about(one, endpoint, path, keeps_out=keeps_out) for one in operations)
