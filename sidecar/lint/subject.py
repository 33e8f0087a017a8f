"""What is looked at: policies as they are written, and what they came to."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sidecar.core.policy.model import EVERYBODY, Action, Operation, Policy, PolicySet, Rule
from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings
from sidecar.settings.policy import OperationSettings


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule, and where it stands. ``number`` counts from 1 within its policy."""

    policy: Policy
    rule: Rule
    number: int
    field: FieldPath

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"policy {self.policy.name!r}, rule {self.number}"

    @property
    def is_enforced(self) -> bool:
        """Say whether it is so for everybody."""
        return self.policy.percent >= EVERYBODY


@dataclass(frozen=True, slots=True)
class WrittenOperation:
    """An operation as it is written, of a rule or of what needs no token; ``lets_in`` where a match does."""

    settings: OperationSettings
    compiled: Operation
    field: FieldPath
    label: str
    lets_in: bool
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Settings and the policies compiled from them. Policies are found again by their names, which are unique."""

    settings: Settings
    policies: PolicySet
    rules: tuple[WrittenRule, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find the rules' places."""
        compiled = {one.name: one for one in self.policies.all}
        written = [
            WrittenRule(compiled[policy.name], rule, number + 1, ("policies", place, "rules", number))
            for place, policy in enumerate(self.settings.policies)
            for number, rule in enumerate(compiled[policy.name].rules)
        ]
        object.__setattr__(self, "rules", tuple(written))

    def of(self, *actions: Action) -> Iterator[WrittenRule]:
        """Give the rules of policies that do one of ``actions``, in their order."""
        return (one for one in self.rules if one.policy.action in actions)

    def operations(self) -> Iterator[WrittenOperation]:
        """Give all operations, wherever they stand."""
        for one in self.rules:
            _, place, _, number = one.field
            settings = self.settings.policies[int(place)].rules[int(number)].to or ()
            for each, (entry, compiled) in enumerate(zip(settings, one.rule.operations, strict=True)):
                at = (*one.field, "to", each, "operation")
                lets_in = one.policy.action is Action.ALLOW
                yield WrittenOperation(entry.operation, compiled, at, one.label, lets_in)
        yield from self.public()

    def public(self) -> Iterator[WrittenOperation]:
        """Give those that need no token."""
        for name in ("public", "cors_preflight"):
            pairs = zip(getattr(self.settings, name), getattr(self.policies, name), strict=True)
            for place, (settings, compiled) in enumerate(pairs):
                label = f"{name}[{place}]"
                yield WrittenOperation(
                    settings, compiled, (name, place), label, lets_in=True, is_public=name == "public"
                )
