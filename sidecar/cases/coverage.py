"""Which rules no case has reached."""

from collections import Counter
from collections.abc import Iterator

from sidecar.cases.run import Prepared, situation
from sidecar.core.policy.explain import explain
from sidecar.core.policy.model import PolicySet
from sidecar.core.reason import Refusal
from sidecar.core.trust import Trust


class Coverage:
    """Counts, for the rules of one policy set, the cases that they match."""

    def __init__(self, policies: PolicySet) -> None:
        self._policies = policies
        self._matched: Counter[tuple[str, int]] = Counter()

    def note(self, prepared: Prepared, trust: Trust) -> None:
        """Look which rules match a case."""
        try:
            case = situation(prepared, trust)
        except Refusal:
            return  # it never comes to policy
        for policy in explain(self._policies, case):
            for number, rule in enumerate(policy.rules, 1):
                self._matched[policy.policy.name, number] += rule.holds

    @property
    def rules(self) -> int:
        """Return how many rules there are."""
        return sum(len(policy.rules) for policy in self._policies.all)

    def missed(self) -> Iterator[str]:
        """Name the rules that match no case."""
        for policy in self._policies.all:
            for number in range(1, len(policy.rules) + 1):
                if not self._matched[policy.name, number]:
                    yield f"{policy.name}, rule {number}"
