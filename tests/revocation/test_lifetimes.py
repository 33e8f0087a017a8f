"""How much longer tokens may live under another configuration."""

import math

import pytest

from sidecar.revocation.lifetime import Lifetime, Lifetimes


@pytest.mark.parametrize(
    ("before", "after", "longer", "joined"),
    [
        ((3600, 30), (3600, 30), 0, (3600, 30)),
        ((3600, 30), (60, 0), 0, (3600, 30)),
        ((3600, 30), (7200, 30), 3600, (7200, 30)),
        ((3600, 30), (3600, 60), 30, (3600, 60)),
        ((3600, 30), (None, 30), math.inf, (None, 30)),
        ((None, 30), (None, 40), 10, (None, 40)),
        ((None, 30), (3600, 30), 0, (None, 30)),
    ],
)
def test_longer_by(
    before: tuple[float | None, float],
    after: tuple[float | None, float],
    longer: float,
    joined: tuple[float | None, float],
) -> None:
    """By the longest lifetime or the skew, whichever grows more; without limit nobody knows."""
    old, new = Lifetimes({"a": Lifetime(*before)}), Lifetimes({"a": Lifetime(*after)})
    assert new.longer_by(old) == longer
    assert new.joined(old) == old.joined(new) == Lifetimes({"a": Lifetime(*joined)})


def test_several_issuers() -> None:
    """The one that grows most counts; one that is new, or gone, has no entries that end too early."""
    old = Lifetimes({"a": Lifetime(10, 0), "b": Lifetime(10, 0), "gone": Lifetime(10, 0)})
    new = Lifetimes({"a": Lifetime(20, 0), "b": Lifetime(15, 0), "new": Lifetime(99, 0)})
    assert new.longer_by(old) == 10
    assert new.joined(old).of == {**new.of, "gone": Lifetime(10, 0)}
