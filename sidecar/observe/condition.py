"""One thing that must be so, and whether it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A check of a probe. ``reason`` says why it is not ``ok``, or what ails it although it is, to whoever asks.

    It names nothing secret.
    """

    name: str
    ok: bool
    reason: str = ""
