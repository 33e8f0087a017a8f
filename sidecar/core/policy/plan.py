"""What is left of rules once it is known who asks, kept for as long as the identity holds.

A request of somebody who came before is held against what the rules ask of the request, and nothing else: what they ask
of the identity was answered when the plan was made, and so was the decision that each of them leads to. With the answer
to it, which is kept beside, that saves 3 of 8 µs a check with a condition on the request.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sidecar.core.decision import Decision, Denial
from sidecar.core.policy.case import Case
from sidecar.core.policy.conditions import is_met
from sidecar.core.policy.model import Looks, Rule
from sidecar.core.policy.terms import all_hold

if TYPE_CHECKING:
    from sidecar.core.needs import Decided  # which imports hooks, and these policy

_ANY = Rule((), (), ())


class Branch:
    """A rule that suits the identity, and what it decides; ``answer`` to it, once that depends on nothing else."""

    __slots__ = ("answer", "decision", "rule")

    def __init__(self, rule: Rule, decision: Decision) -> None:
        self.rule = rule
        self.decision = decision
        self.answer: Decided | None = None


class Plan:
    """Of one identity, under the rules of one endpoint.

    ``deny`` and ``allow`` are the rules that suit the identity, each with what it comes to: an allow rule whose scopes
    the identity lacks with a denial. ``otherwise`` is what is decided where none of them does.
    """

    __slots__ = ("_allow", "_deny", "_otherwise")

    def __init__(self, deny: Iterable[Branch], allow: Iterable[Branch], otherwise: Decision) -> None:
        self._deny, self._allow = tuple(deny), tuple(allow)
        self._otherwise = Branch(_ANY, otherwise)

    def decide(self, case: Case) -> Branch:
        """Return the branch that decides; the case's identity is the plan's. As ``evaluate``, which a test compares."""
        for branch in self._deny:
            if suits_request(branch.rule, case, keeps_out=True):
                return branch
        lacking: Branch | None = None
        for branch in self._allow:
            if suits_request(branch.rule, case, keeps_out=False):
                if not isinstance(branch.decision, Denial):
                    return branch
                lacking = lacking or branch
        return lacking or self._otherwise


def suits_request(rule: Rule, case: Case, *, keeps_out: bool) -> bool:
    """Say whether a request is as a rule wants it, whoever asks."""
    if rule.apart and not all(is_met(one, case, keeps_out=keeps_out) for one in rule.apart):
        return False
    if rule.joint is not None and not all_hold(rule.joint, case, keeps_out=keeps_out):
        return False
    return rule.sources_look is not Looks.REQUEST or comes_from(rule, case, keeps_out=keeps_out)


def comes_from(rule: Rule, case: Case, *, keeps_out: bool) -> bool:
    """Say whether one of a rule's sources is met; there is nothing to meet where it names none."""
    return not rule.sources or any(
        all(is_met(one, case, keeps_out=keeps_out) for one in source.conditions) for source in rule.sources
    )
