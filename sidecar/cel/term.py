"""One condition, ready to be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sidecar.cel.answering import Answering
from sidecar.cel.reads import Reading, Reads


@dataclass(frozen=True, slots=True)
class Term(Reading):
    """A condition without an outermost ``&&``. Equal to all that have its text, and so in digests (``core.digest``)."""

    text: str
    reads: Reads = field(compare=False, repr=False)
    answering: Answering = field(compare=False, repr=False)

    def __call__(self, values: Mapping[str, object]) -> bool | None:
        """Evaluate with values by the names of variables; times in seconds since 1970.

        ``None`` stands for whatever is neither true nor false: an error, a value that is missing or longer than the
        cost was reckoned with, too many turns of a loop. Never raises.
        """
        # INVARIANT: nothing gets out but True, False and None.
        try:
            answer = self.answering.ask(values)
        except Exception:  # noqa: BLE001 - whatever it was, it cannot be told
            return None
        return answer if answer is True or answer is False else None

    def __reduce__(self) -> NoReturn:
        """Refuse: a term belongs to the process it was compiled in."""
        raise TypeError("terms are not pickled; compile them from their text")
