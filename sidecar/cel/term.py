"""One condition, ready to be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sidecar.cel.environment import Condition
from sidecar.cel.given import Given
from sidecar.core.policy.model import Looks


@dataclass(frozen=True, slots=True)
class Term:
    """A condition without an outermost ``&&``. Equal to all that have its text, and so in digests (``core.digest``).

    ``headers`` are the names it reads, in lower case. ``claims`` are those of the first level that it reads, or
    ``None`` if it may look at any.
    """

    text: str
    variables: frozenset[str] = field(compare=False)
    headers: frozenset[str] = field(compare=False)
    claims: frozenset[str] | None = field(compare=False)
    looks: Looks = field(compare=False)
    _given: Given = field(compare=False, repr=False)
    _condition: Condition = field(compare=False, repr=False)

    def __call__(self, values: Mapping[str, object]) -> bool | None:
        """Evaluate with values by the names of variables; times in seconds since 1970.

        ``None`` stands for whatever is neither true nor false: an error, a value that is missing or longer than the
        cost was reckoned with, too many turns of a loop. Never raises.
        """
        # INVARIANT: nothing gets out but True, False and None.
        try:
            return self._condition(self._given(values))
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
            return None

    def __reduce__(self) -> NoReturn:
        """Refuse: a term belongs to the process it was compiled in."""
        raise TypeError("terms are not pickled; compile them from their text")
