"""One condition, ready to be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sidecar.cel.answering import Answering
from sidecar.cel.reads import Reads
from sidecar.cel.variables import looks_at
from sidecar.core.policy.model import Looks


@dataclass(frozen=True, slots=True)
class Term:
    """A condition without an outermost ``&&``. Equal to all that have its text, and so in digests (``core.digest``)."""

    text: str
    reads: Reads = field(compare=False, repr=False)
    answering: Answering = field(compare=False, repr=False)

    @property
    def variables(self) -> frozenset[str]:
        """Return the names of the variables that it reads."""
        return self.reads.variables

    @property
    def headers(self) -> frozenset[str]:
        """Return the names of the headers that it reads, in lower case."""
        return self.reads.headers

    @property
    def claims(self) -> frozenset[str] | None:
        """Return the names of the claims that it reads, of the first level; ``None`` if it may look at any."""
        return self.reads.claims

    @property
    def looks(self) -> Looks:
        """Return what it looks at."""
        return looks_at(self.reads.variables)

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
