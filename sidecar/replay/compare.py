"""Two verdicts on each request of a log, counted, with examples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from sidecar.core.reason import Refusal
from sidecar.core.strict_json import Json
from sidecar.replay.asked import Asked, Policies, ask
from sidecar.replay.decide import Untold, Verdict, decide
from sidecar.replay.done import Decision, differing, is_done_alike, with_effects
from sidecar.replay.formats import UnreadableError, read_line
from sidecar.replay.record import Record, Token


class Change(StrEnum):
    """What becomes of a request under the new policies."""

    SAME = "unchanged"
    CLOSED = "allowed -> denied"
    OPENED = "denied -> allowed"
    OTHERWISE = "decided otherwise"  #: the same, by another policy or for another reason
    DONE = "done otherwise"  #: the same, with other effects, or other hooks that are asked
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class Example:
    """A request, and where it stands in the log."""

    line: int
    request: str
    subject: str | None


@dataclass(slots=True)
class Group:
    """Requests with the same verdicts before and after."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)


#: What was decided, and what would be.
Pair = tuple[Verdict | Untold, Verdict | Untold]


class Kind(NamedTuple):
    """What requests have in common: the change, both verdicts, and the names of what would be done otherwise."""

    change: Change
    pair: Pair
    parts: tuple[str, ...] = ()


@dataclass(slots=True)
class Difference:
    """All requests of a log. ``groups`` has those that change, ``lacking`` what those hang on that cannot be told."""

    counts: Counter[Change] = field(default_factory=Counter)
    groups: dict[Kind, Group] = field(default_factory=dict)
    lacking: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    #: The first of them: line and why.
    first_unreadable: tuple[int, str] | None = None

    @property
    def requests(self) -> int:
        """Return how many requests there were."""
        return self.counts.total()

    @property
    def changes(self) -> int:
        """Return how many of them would change."""
        return self.counts.total() - self.counts[Change.SAME] - self.counts[Change.UNTOLD]


def compare(
    lines: Iterable[bytes], old: Policies, new: Policies, *, claims: dict[str, Json] | None, examples: int
) -> Difference:
    """Decide on each line under both; ``claims`` are those of tokens that the log knows nothing of.

    Of the log one line is held at a time; of the groups a few examples are kept.
    """
    found = Difference()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = _with_claims(read_line(line), claims)
        except UnreadableError as error:
            found.unreadable += 1
            found.first_unreadable = found.first_unreadable or (number, str(error))
            continue
        kind, missing = _change(record, old, new)
        found.counts[kind.change] += 1
        found.lacking.update(missing)
        if kind.change not in {Change.SAME, Change.UNTOLD}:
            group = found.groups.setdefault(kind, Group())
            group.count += 1
            if len(group.examples) < examples:
                group.examples.append(_example(number, record))
    return found


def _with_claims(record: Record, claims: dict[str, Json] | None) -> Record:
    if claims is None or record.token is not Token.UNKNOWN:
        return record
    return replace(record, token=Token.GOOD, claims=claims, has_all_claims=True)


def _change(record: Record, old: Policies, new: Policies) -> tuple[Kind, frozenset[str]]:
    """Return what becomes of a request, and what that hangs on where it cannot be told."""
    asked = [_asked(record, under) for under in (old, new)]
    before, after = (one if isinstance(one, Verdict) else _decided(one) for one in asked)
    if isinstance(before, Verdict) and isinstance(after, Verdict):
        return _told([one for one in asked if isinstance(one, Asked)], (before, after))
    # Whatever it hangs on: the same rules decide the same.
    if isinstance(asked[0], Asked) and isinstance(asked[1], Asked) and _are_same(asked[0], asked[1]):
        return Kind(Change.SAME, (before, after)), frozenset()
    missing = frozenset[str]().union(*(one.lacking for one in (before, after) if isinstance(one, Untold)))
    return Kind(Change.UNTOLD, (before, after)), missing


def _decided(asked: Asked) -> Verdict | Untold:
    found = decide(asked)
    return found if isinstance(found, Untold) else with_effects(Decision(asked, found))


def _told(asked: Sequence[Asked], pair: tuple[Verdict, Verdict]) -> tuple[Kind, frozenset[str]]:
    before, after = pair
    change = _of(before, after)
    if change in {Change.OPENED, Change.CLOSED} or len(asked) < len(pair):
        return Kind(change, pair), frozenset()
    found = differing(Decision(asked[0], before), Decision(asked[1], after))
    if change is Change.OTHERWISE or found.parts:
        return Kind(Change.DONE if change is Change.SAME else change, pair, found.parts), frozenset()
    return Kind(Change.UNTOLD if found.lacking else Change.SAME, pair), found.lacking


def _asked(record: Record, under: Policies) -> Asked | Verdict:
    try:
        return ask(record, under)
    except Refusal as refusal:
        return Verdict(allowed=False, reason=refusal.reason)


def _of(before: Verdict, after: Verdict) -> Change:
    if before.allowed is not after.allowed:
        return Change.OPENED if after.allowed else Change.CLOSED
    if before.reason is not after.reason:
        return Change.OTHERWISE
    names = {before.policy, after.policy}
    return Change.SAME if len(names) == 1 or None in names else Change.OTHERWISE


def _are_same(one: Asked, other: Asked) -> bool:
    knows_rules = not (one.lacks_port or other.lacks_port)
    return knows_rules and _content(one) == _content(other) and is_done_alike(one, other)


def _content(asked: Asked) -> object:
    rules = asked.rules
    entries = [
        [(entry.policy.name, entry.policy.scopes, entry.policy.percent, entry.rule) for entry in each]
        for each in (rules.deny, rules.allow)
    ]
    return rules.public, rules.preflight, entries, rules.proxies, rules.open_unless, asked.needs_identity


def _example(number: int, record: Record) -> Example:
    subject = record.claims.get("sub")
    path = record.path.partition("?")[0]  # a query may have secrets
    return Example(number, f"{record.method} {record.host}{path}", subject if isinstance(subject, str) else None)


def in_order(difference: Difference) -> Iterator[tuple[Kind, Group]]:
    """Give the groups: what closes first, then what opens; the largest first."""
    order = list(Change)
    chosen = sorted(difference.groups.items(), key=lambda one: (order.index(one[0].change), -one[1].count))
    return iter(chosen)
