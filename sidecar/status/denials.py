"""The last denials, as they are remembered: a table, and in it the way to why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sidecar.core.strict_json import Json
from sidecar.decision_log.reading import is_whole
from sidecar.status.view import UNKNOWN, Cell, Column, Section, State, Table

#: Those that are shown; all that there are has ``GET /denials``.
MOST = 20
_WHAT = {"deny": Cell("denied", State.BAD), "would_deny": Cell("would be", State.WARNING)}


@dataclass(frozen=True, slots=True)
class Denial:
    """One, as the decision log has it (docs/decision-log.md): without credential and query, and masked.

    Fields that are not there, or are of another type than they should be, are empty.
    """

    record: Mapping[str, Json]

    @property
    def name(self) -> str:
        """Return a name that no other one has: it is made of all that is told of it."""
        told = json.dumps(self.record, sort_keys=True, default=str).encode("utf-8", "replace")
        return blake2b(told, digest_size=12).hexdigest()

    def text(self, field: str) -> str:
        """Return what it says there."""
        value = self.record.get(field)
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def known(self, field: str) -> str | None:
        """Return what it says there if that is all of what it was: neither masked nor cut; ``None`` if it is not."""
        value = self.record.get(field)
        # Half a character (PEP 383) cannot be sent again.
        return value if isinstance(value, str) and is_whole(value) and _is_utf8(value) else None


def denials(last: Sequence[Denial] | None) -> Section | None:
    """Return the newest of the last denials, which are given in that order; ``None``: they are not kept."""
    if last is None:
        return None
    columns = (
        Column("time"),
        Column("reason"),
        Column("policy"),
        Column("method"),
        Column("host", narrow=False),
        Column("path"),
        Column("subject"),
        Column("issuer", narrow=False),
        Column("address", narrow=False),
        Column("outcome", narrow=False),
        Column("why?", narrow=False),
    )
    table = Table("denials", "", columns, tuple(map(_row, last[:MOST])), "None yet.")
    return Section("denials", "Last denials", tables=(table,))


def _row(denial: Denial) -> tuple[Cell, ...]:
    fields = ("method", "host", "path", "subject", "issuer", "address")
    return (
        Cell(_time_of_day(denial.text("time"))),
        Cell(denial.text("reason")),
        Cell(policy_of(denial)),
        *(Cell(denial.text(field) or UNKNOWN) for field in fields),
        _WHAT.get(denial.text("decision"), Cell(denial.text("decision"))),
        Cell("why?", why=denial.name),
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def policy_of(denial: Denial) -> str:
    """Return the policy that decided, and which of its rules."""
    policy, rule = denial.text("policy"), denial.text("rule")
    return f"{policy}, rule {rule}" if policy and rule else policy or UNKNOWN


def _time_of_day(time: str) -> str:
    """Return the time of day of an ISO 8601 time in UTC: today's, in nearly all cases."""
    return time[11:19] if len(time) > 19 else time or UNKNOWN  # noqa: PLR2004 - 2026-01-01T12:00:00.000Z
