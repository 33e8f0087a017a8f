"""Why a request was denied, as far as what is remembered of it tells.

The token is not kept, so it cannot be verified again. Two things are told: the reason that the check had, and what the
policies in force now say of the request, with "not known" wherever they look at something that is not remembered
(``sidecar.replay``): nothing is guessed. Whoever has the token gets the whole answer by a command, on a terminal, and
not in a page.

INVARIANT: what is looked at is a denial that happened. Nobody can have a request of their own looked at here.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.core.reason import OUTCOMES, Reason, Refusal
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.replay.asked import Asked, Policies, ask
from sidecar.replay.decide import Untold, decide
from sidecar.replay.record import Record, Token
from sidecar.replay.told import Told, told
from sidecar.status.denials import Denial, policy_of
from sidecar.status.view import Cell, State, shown

#: HTTP statuses of what policy is not asked about.
_BEFORE_POLICY = frozenset({400, 401, 413, 414, 503})
#: Rules that are shown: thousands may be about one path.
_MOST = 50
_FACTS = ("time", "method", "host", "path", "address", "issuer", "subject", "status", "detail", "request_id", "process")
_GIVEN = "By the configuration in force now, with a good token of this issuer and subject:"
_MARKS = {
    True: Cell("yes", State.GOOD),
    False: Cell("no", State.BAD),
    None: Cell("not known", State.WARNING),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a tree. ``mark`` says whether it holds; ``seen`` what it was held against, or what is lacking."""

    mark: Cell
    label: Cell
    seen: Cell
    parts: tuple["Line", ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """What is told. ``reason`` is its code, ``now`` what would be decided at present, ``command`` for a terminal."""

    facts: tuple[tuple[str, Cell], ...]
    reason: Cell
    message: str
    policy: Cell
    now: Cell
    rules: tuple[Line, ...]
    left_out: int
    hooks: Cell
    command: str


def why(denial: Denial, trust: Trust) -> Why:
    """Explain it. Takes seconds where there are thousands of policies about one path."""
    reason = _reason(denial)
    now, rules = _at_present(denial, trust, reason)
    facts = ((name.replace("_", " "), Cell(denial.text(name))) for name in _FACTS if denial.text(name))
    return Why(
        facts=tuple(facts),
        reason=Cell(denial.text("reason")),
        message="" if reason is None else OUTCOMES[reason].message,
        policy=Cell(policy_of(denial)),
        now=now,
        rules=rules[:_MOST],
        left_out=max(0, len(rules) - _MOST),
        hooks=Cell(", ".join(hook.name for hook in trust.hooks)),
        command=command(denial),
    )


def command(denial: Denial) -> str:
    """Return a command that asks the sidecar with the token, or nothing where the request is not known as a whole.

    It is safe to paste, whatever somebody sent: ASCII without control characters, in single quotes.
    """
    known = {name: denial.known(name) for name in ("method", "host", "path")}
    if None in known.values():
        return ""
    # JSON escapes all that is no ASCII, and all control characters but one.
    request = shlex.quote(json.dumps(known).replace("\x7f", "\\u007f"))
    return f"authz-sidecar policy explain --against ADDRESS --token - --request {request} <token.txt"


def _reason(denial: Denial) -> Reason | None:
    try:
        return Reason(denial.text("reason"))
    except ValueError:
        return None


def _at_present(denial: Denial, trust: Trust, reason: Reason | None) -> tuple[Cell, tuple[Line, ...]]:
    """Return what would be decided, and by which rules."""
    record = _record(denial)
    if record is None:
        return Cell("Cannot be told: method, host or path are masked or cut."), ()
    if reason is not None and OUTCOMES[reason].status in _BEFORE_POLICY:
        return Cell("It did not come to policy: the reason above is all there is."), ()
    try:
        asked = ask(record, Policies(trust.policy, trust))
        return _verdict(asked), () if asked.lacks_port else tuple(_lines(asked))
    except Refusal as refusal:
        return Cell(f"Denied before any policy is asked: {refusal.reason.value}.", State.BAD), ()


def _record(denial: Denial) -> Record | None:
    method, host, path = (denial.known(name) for name in ("method", "host", "path"))
    if method is None or host is None or path is None:
        return None
    claims: dict[str, Json] = {}
    for claim, name in (("iss", "issuer"), ("sub", "subject")):
        known = denial.known(name)
        if known is not None:
            claims[claim] = known
    token = Token.GOOD if denial.text("issuer") else Token.UNKNOWN
    address = denial.known("address")
    return Record(method, host, path, address=address, token=token, claims=claims, has_query=False)


def _verdict(asked: Asked) -> Cell:
    found = decide(asked)
    if isinstance(found, Untold):
        return Cell(f"{_GIVEN} it cannot be told, without: {', '.join(sorted(found.lacking))}.", State.WARNING)
    return Cell(f"{_GIVEN} it is {found}.", State.GOOD if found.allowed else State.BAD)


def _lines(asked: Asked) -> Iterator[Line]:
    for one in told(asked):
        label = f"{one.policy.action.value} policy {one.policy.name}, {one.told.label}"
        yield _line(one.told, label)


def _line(one: Told, label: str = "") -> Line:
    if one.lacking:
        seen = f"looks at {', '.join(sorted(one.lacking))}, not remembered"
    elif one.parts:
        seen = ""
    else:
        seen = ", ".join(map(shown, one.seen)) or "nothing"
    return Line(_MARKS[one.holds], Cell(label or one.label), Cell(seen), tuple(map(_line, one.parts)))
