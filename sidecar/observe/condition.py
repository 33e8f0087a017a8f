"""One thing that must be so, and whether it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A check of a probe. ``reason`` says why it is not ``ok``, to whoever asks: it names nothing secret."""

    name: str
    ok: bool
    reason: str = ""
