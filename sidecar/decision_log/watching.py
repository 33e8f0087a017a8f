"""What each check is looked at for: whether it is to be told of. The only part of the log on a check's own way."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sidecar.core.decision import Permit
from sidecar.core.needs import Decided
from sidecar.decision_log.entry import Entry
from sidecar.decision_log.sampling import Gaps, Rate


@dataclass(frozen=True, slots=True)
class Choice:
    """What is logged: one in so many of what is allowed and of what is denied, 0 for none, and so many in a second.

    What passes and would be denied, were all policies enforced, counts as denied. ``recent``: denials of late are kept.
    """

    allows_one_in: int = 0
    denials_one_in: int = 0
    per_second: int = 1
    recent: bool = False


#: Denials of late that one process keeps in a second, at the most: a flood of them costs no more than that.
RECENT_PER_SECOND = 20

_Observer = Callable[[Decided, float, bytes, bool], None]


def watching(  # noqa: PLR0913, PLR0917 - what there is to it, once
    choice: Choice,
    put: Callable[[Entry], None],
    limited: Callable[[], None],
    now: Callable[[], float],
    clock: Callable[[], float],
    random: Random,
) -> _Observer:
    """Return what looks at each check, and hands those that are to be told of to ``put``.

    ``limited`` is told of one more than may be logged in this second. ``now`` returns seconds since the epoch.
    """
    allows, denials = Gaps(choice.allows_one_in, random), Gaps(choice.denials_one_in, random)
    rate, recent_rate = Rate(choice.per_second, clock), Rate(RECENT_PER_SECOND, clock)
    allows_left, denials_left = allows.next(), denials.next()

    def watch(decided: Decided, seconds: float, request: bytes, _waited: bool) -> None:  # noqa: FBT001 - a fact
        nonlocal allows_left, denials_left
        decision = decided.decision
        if type(decision) is Permit and (decision.trial is None or decision.trial.allowed):
            allows_left -= 1
            if allows_left:  # for ever, if it began with 0
                return
            allows_left, logged, recent, one_in = allows.next(), True, False, choice.allows_one_in
        else:
            denials_left -= 1
            logged, recent, one_in = not denials_left, choice.recent and recent_rate.admits(), choice.denials_one_in
            if logged:
                denials_left = denials.next()
        if logged and not rate.admits():
            logged = False
            limited()
        if logged or recent:
            put(Entry(request, decided, seconds, now(), one_in, logged, recent))

    return watch
