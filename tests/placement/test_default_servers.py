"""How many servers there are when nobody says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.placement.plan import default_servers

_CPUS = st.integers(1, 300).map(lambda count: frozenset(range(count)))
_QUOTAS = st.none() | st.floats(0, 400, allow_nan=False)


@pytest.mark.parametrize(
    ("cpus", "quota", "verifiers", "servers"),
    [
        (8, None, 2, 6),
        (8, None, 0, 8),
        (2, None, 1, 1),
        (2, None, 2, 1),
        (1, None, 1, 1),
        (8, 4.0, 1, 3),
        (8, 3.9, 1, 2),
        (8, 0.5, 0, 1),
        (8, 0.0, 3, 1),
        (8, 64.0, 2, 6),
        (8, math.inf, 2, 6),
    ],
)
def test_default(cpus: int, quota: float | None, verifiers: int, servers: int) -> None:
    """The default is the CPUs or the quota rounded down, less the verifiers, at least 1."""
    assert default_servers(frozenset(range(cpus)), quota, verifiers) == servers


@given(_CPUS, _QUOTAS, st.integers(0, 400))
def test_default_is_within_bounds(allowed: frozenset[int], quota: float | None, verifiers: int) -> None:
    """There is always a server, and never more of them than CPUs, nor than the quota pays for."""
    servers = default_servers(allowed, quota, verifiers)
    assert 1 <= servers <= len(allowed)
    assert quota is None or servers <= max(1.0, quota)


@given(_CPUS, _QUOTAS, st.integers(0, 400))
def test_nothing_is_left_idle(allowed: frozenset[int], quota: float | None, verifiers: int) -> None:
    """Servers and verifiers together use every CPU that is allowed and paid for."""
    usable = len(allowed) if quota is None else min(len(allowed), math.floor(quota))
    assert default_servers(allowed, quota, verifiers) + verifiers >= usable


@pytest.mark.parametrize(("allowed", "verifiers", "says"), [(set(), 0, "no CPU is allowed"), ({0}, -1, "-1 verifiers")])
def test_nonsense_is_refused(allowed: set[int], verifiers: int, says: str) -> None:
    """No CPU at all, or fewer verifiers than none, is a mistake of the caller."""
    with pytest.raises(ValueError, match=says):
        default_servers(frozenset(allowed), None, verifiers)
