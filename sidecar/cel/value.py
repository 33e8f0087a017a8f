"""One value, ready to be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sidecar.cel.environment import Valued
from sidecar.cel.given import Given
from sidecar.core.policy.model import Looks
from sidecar.core.strict_json import Json


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression comes to, as JSON. Equal by its text and what is ``expected``, and so in digests.

    ``headers`` are the names it reads, in lower case. ``claims`` are those of the first level that it reads, or
    ``None`` if it may look at any.
    """

    text: str
    expected: str
    variables: frozenset[str] = field(compare=False)
    headers: frozenset[str] = field(compare=False)
    claims: frozenset[str] | None = field(compare=False)
    looks: Looks = field(compare=False)
    _wanted: type | None = field(compare=False, repr=False)
    _given: Given = field(compare=False, repr=False)
    _evaluate: Valued = field(compare=False, repr=False)

    def __call__(self, values: Mapping[str, object]) -> Json:
        """Evaluate with values by the names of variables; times in seconds since 1970.

        ``None`` stands for what cannot be told: an error, null, a value that is missing or longer than the cost was
        reckoned with, one of another type than ``expected``, one that is too large. Never raises.
        """
        try:
            found = self._evaluate(self._given(values))
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
            return None
        return found if self._wanted is None or type(found) is self._wanted else None

    def __reduce__(self) -> NoReturn:
        """Refuse: a value belongs to the process it was compiled in."""
        raise TypeError("values are not pickled; compile them from their text")
