"""Istio's documents: the corpus says what Istio's rules make of them."""

from pathlib import Path

import pytest

from policy.istio import FILES, decide, load


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path) -> None:
    """Each case is decided as it says; a file of a document that is refused has no cases."""
    workload = load(path)
    cases = workload.get("cases", [])
    assert bool(cases) is ("refused" not in workload)
    decided = {one["name"]: decide(workload, one.get("request", {}), one.get("token")) for one in cases}
    assert decided == {one["name"]: one["expect"] for one in cases}
