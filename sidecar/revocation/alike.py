"""Entries that differ in what they revoke, and in times, alone: as columns, since a file may have a million."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.revocation.entry import Entry

Times = NDArray[np.float64]
Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alike:
    """``n`` entries: all that is not in a column is as in ``pattern``, whose own value is nobody's.

    None of them is a cut-off.
    """

    pattern: Entry
    values: Sequence[bytes]  #: n, in UTF-8
    numbers: Indexes  #: n, the numbers of their lines
    expires_at: Times | None = None  #: n
    revoked_at: Times | None = None  #: n

    def __len__(self) -> int:
        """Return how many."""
        return len(self.values)

    def entry(self, index: int) -> Entry:
        """Return one of them."""
        name = self.pattern.name._replace(value=self.values[index].decode())
        columns = {"expires_at": self.expires_at, "revoked_at": self.revoked_at}
        times = {what: column[index].item() for what, column in columns.items() if column is not None}
        return self.pattern._replace(name=name, **times)
