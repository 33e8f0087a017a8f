"""Where policies and their rules are written: for tools, which find them by the policies' names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sidecar.bundle.message import Bundle
from sidecar.loading.document import Document
from sidecar.loading.problem import FieldPath


@dataclass(frozen=True, slots=True)
class Written:
    """Where a policy stands, and each of its rules, in order: ``file:line:column``, or the title of a bundle."""

    policy: str
    rules: tuple[str, ...]


#: By the policy's name.
Places: TypeAlias = Mapping[str, Written]
#: Of what nobody knows where it is written.
NOWHERE: Places = {}


def places_of(document: Document) -> Places:
    """Return where the policies of a document are written, which was found good."""
    return _written(document.values.get("policies"), lambda field: str(document.place(field)))


def places_in(bundle: Bundle) -> Places:
    """Return the same of a bundle: it has no lines."""
    return _written(bundle.policies.get("policies"), lambda _field: bundle.title)


def _written(policies: object, place: Callable[[FieldPath], str]) -> Places:
    found: dict[str, Written] = {}
    for number, policy in enumerate(_list(policies)):
        if isinstance(policy, Mapping):
            at: FieldPath = ("policies", number)
            rules = (place((*at, "rules", rule)) for rule in range(len(_list(policy.get("rules")))))
            found[str(policy.get("name"))] = Written(place(at), tuple(rules))
    return found


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
