"""How an authenticator is."""

from dataclasses import dataclass

from sidecar.observe.condition import Condition


@dataclass(frozen=True, slots=True)
class Health:
    """``ok`` where all conditions are; each has a name, and a reason where something ails it."""

    ok: bool
    conditions: tuple[Condition, ...]
