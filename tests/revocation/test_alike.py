"""Entries in columns end as each by itself would."""

import math
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.revocation import Kind, Name
from sidecar.revocation.alike import Alike
from sidecar.revocation.entry import Entry, EntryError
from sidecar.revocation.lifetime import Lifetime, Lifetimes


def outcome(work: Callable[[], list[float]]) -> list[float] | str:
    """Return what comes of it, or why nothing does."""
    try:
        return work()
    except EntryError as error:
        return str(error)


_ENDS = st.none() | st.integers(1, 2**32 - 2)


@given(
    kind=st.sampled_from([kind for kind in Kind if kind is not Kind.ISSUED_BEFORE]),
    longest=st.none() | st.floats(1, 1e6),
    times=st.lists(st.tuples(st.integers(1, 2**31), st.integers(1, 2**31)), min_size=1, max_size=5),
    fixed=st.tuples(_ENDS, _ENDS),
    columns=st.tuples(st.booleans(), st.booleans()),
)
def test_ends_of_columns(
    kind: Kind,
    longest: float | None,
    times: list[tuple[int, int]],
    fixed: tuple[int | None, int | None],
    columns: tuple[bool, bool],
) -> None:
    """Entries in columns end when each by itself would, or are none for the same reason."""
    known = Lifetimes({"i": Lifetime(longest, 30.0)})
    arrays = [np.array(column, np.float64) for column in zip(*times, strict=True)]
    expires, revoked = (array if is_column else None for array, is_column in zip(arrays, columns, strict=True))
    first = (times[0][0] if columns[0] else fixed[0], times[0][1] if columns[1] else fixed[1])
    alike = Alike(
        Entry(Name("i", kind, "x"), None, *first), [b"v"] * len(times), np.arange(len(times)), expires, revoked
    )
    ends = outcome(lambda: known.ends_of(alike, 1e9).tolist())
    assert ends == outcome(lambda: [known.end_of(alike.entry(index), 1e9) for index in range(len(alike))])
    assert isinstance(ends, str) or all(math.isinf(end) is (kind is Kind.KEY) for end in ends)
