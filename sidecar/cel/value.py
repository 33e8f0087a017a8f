"""One value, ready to be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sidecar.cel.environment import Valued
from sidecar.cel.given import Given
from sidecar.cel.reads import Reading, Reads
from sidecar.core.strict_json import Json


@dataclass(frozen=True, slots=True)
class Value(Reading):
    """What an expression comes to, as JSON. Equal by its text and what it has to be, and so in digests."""

    text: str
    expected: type | None = field(compare=False)
    reads: Reads = field(compare=False, repr=False)
    given: Given[Mapping[str, object]] = field(compare=False, repr=False)
    run: Valued = field(compare=False, repr=False)
    kind: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note the name of the type, which has a place in digests."""
        object.__setattr__(self, "kind", self.expected.__name__ if self.expected else "")

    def __call__(self, values: Mapping[str, object]) -> Json:
        """Evaluate with values by the names of variables; times in seconds since 1970.

        ``None`` stands for what cannot be told: an error, null, a value that is missing or longer than the cost was
        reckoned with, one of another type than ``expected``, one that is too large. Never raises.
        """
        try:
            found = self.run(self.given(values))
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
            return None
        return found if self.expected is None or type(found) is self.expected else None

    def __reduce__(self) -> NoReturn:
        """Refuse: a value belongs to the process it was compiled in."""
        raise TypeError("values are not pickled; compile them from their text")
