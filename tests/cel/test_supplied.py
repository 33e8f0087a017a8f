"""The variables that expressions may name, and those that a check has values for."""

from sidecar.cel import variables
from sidecar.core.policy import terms


def test_the_same_variables() -> None:
    """Every variable that is declared is supplied, and no other: one that nobody supplies could never be told."""
    assert set(variables.VARIABLES) == terms.VARIABLES
