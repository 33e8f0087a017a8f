"""Which rules are about an endpoint, whoever asks: the half of policy that needs neither headers nor identity."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from sidecar.core.endpoint import Endpoint
from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.match import Values, matches_any, matches_one
from sidecar.core.policy.model import Action, Entry, Operation, PolicySet


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Applicable:
    """``deny`` and ``allow`` in the policies' order. ``preflight``: whether a CORS preflight needs no token.

    ``of_identity``: whether the identity alone decides by them, since none looks at the request. ``serial`` is another
    one for each, cheap as a key, which does not keep it alive; ``Lookup`` sees to it that endpoints with the same rules
    share one.
    """

    public: bool
    preflight: bool
    deny: tuple[Entry, ...]
    allow: tuple[Entry, ...]
    of_identity: bool = field(init=False)
    serial: int = field(init=False, default_factory=count().__next__)

    def __post_init__(self) -> None:
        """Look whether any of it looks at the request."""
        looks = self.public or self.preflight or any(one.rule.of_request for one in (*self.deny, *self.allow))
        object.__setattr__(self, "of_identity", not looks)

    @property
    def content(self) -> tuple[bool, bool, tuple[int, ...], tuple[int, ...]]:
        """Return what it is made of, by the rules' numbers: equal for those of one policy set that say the same."""
        deny, allow = (tuple(one.number for one in entries) for entries in (self.deny, self.allow))
        return self.public, self.preflight, deny, allow


def applicable(policies: PolicySet, endpoint: Endpoint) -> Applicable:
    """Find the rules for an endpoint.

    Where an upstream may read the path in more than one way, a deny rule applies if it is about any of them, and an
    allow rule must be about each of them.
    """
    # In the policies' order: the first deny rule that matches, by any reading, is the one that is named.
    denying = {one.number: one for path in endpoint.paths for one in policies.deny_by_path.candidates(path)}
    # What is not about the path as sent is not about every reading.
    allowing = policies.allow_by_path.candidates(endpoint.paths[0])
    return Applicable(
        public=_is_among(policies.public_by_path, endpoint),
        preflight=_is_among(policies.cors_preflight_by_path, endpoint),
        deny=tuple(denying[number] for number in sorted(denying) if _is_about(denying[number], endpoint)),
        allow=tuple(one for one in allowing if _is_about(one, endpoint)),
    )


def _is_among(operations: PathIndex[Operation], endpoint: Endpoint) -> bool:
    # INVARIANT: every reading of the path is among them, or the request is not.
    return all(_some(operations.candidates(path), endpoint, path, Action.ALLOW) for path in endpoint.paths)


def _is_about(entry: Entry, endpoint: Endpoint) -> bool:
    operations, action = entry.rule.operations, entry.policy.action
    # INVARIANT: every reading of the path is allowed, or the request is not.
    every = any if action is Action.DENY else all
    return not operations or every(_some(operations, endpoint, path, action) for path in endpoint.paths)


def _some(operations: Iterable[Operation], endpoint: Endpoint, path: str, action: Action) -> bool:
    return any(
        matches_one(one.paths, path)
        and matches_one(one.methods, endpoint.method)
        and matches_any(one.hosts, endpoint.hosts)
        and _port(one.ports, endpoint.port, action)
        for one in operations
    )


def _port(field: Values, port: str, action: Action) -> bool:
    if port or field.is_open:
        return matches_one(field, port)
    # Envoy names no port for a Unix socket. It might be any: enough to deny, and not to allow.
    return action is Action.DENY
