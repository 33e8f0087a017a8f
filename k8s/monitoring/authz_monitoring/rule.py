"""Rules as values, and what Prometheus reads of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Who is to know."""

    CRITICAL = "critical"  #: somebody, now: requests are denied, or let in, that should not be
    WARNING = "warning"  #: somebody, this day: nothing is wrong yet, or it is for few


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording rule."""

    record: str
    expr: str

    def document(self) -> dict[str, object]:
        """Return it as Prometheus has it."""
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True)
class When:
    """One half of a condition: ``measure`` is a query that has data while all is well, ``test`` such as ``> 0.5``."""

    measure: str
    test: str

    def __str__(self) -> str:
        """Return it as a query, which has data where it is so."""
        return f"({self.measure}) {self.test}"


@dataclass(frozen=True, slots=True)
class Alert:
    """It fires where all of ``when`` were so for ``lasts``; its page is ``docs/runbooks/NAME.md``.

    ``summary`` and ``description`` are Go templates with ``$labels`` and ``$value`` (that of the first of ``when``).
    """

    name: str
    severity: Severity
    lasts: str
    when: Sequence[When]
    summary: str
    description: str

    @property
    def expr(self) -> str:
        """Return the query."""
        return "\nand\n".join(str(one) for one in self.when)

    def document(self, runbooks: str) -> dict[str, object]:
        """Return it as Prometheus has it. ``runbooks``: where the pages are."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity.value},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{runbooks}/{self.name}.md",
            },
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: Sequence[Recorded | Alert]

    def document(self, runbooks: str) -> Mapping[str, object]:
        """Return it as Prometheus has it."""
        return {
            "name": self.name,
            "rules": [rule.document(runbooks) if isinstance(rule, Alert) else rule.document() for rule in self.rules],
        }
