"""The corpus of effects and bodies (``tests/corpus/effects``): what becomes of requests, and how denials are told."""

from pathlib import Path

import pytest

from sidecar.cases.read import read_cases
from sidecar.cases.report import run_cases
from sidecar.cases.trial_trust import trial_of_policies

FILES = sorted((Path(__file__).parent.parent / "corpus" / "effects").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    """Each case ends as its file says, and each rule is reached by one."""
    cases = read_cases([path])[0]
    report = run_cases(cases, trial_of_policies(cases, cases.values or {}))
    assert {one.name: one.differences for one in report.failed} == {}
    assert report.missed == ()


def test_there_are_cases() -> None:
    """The corpus is found."""
    assert [path.stem for path in FILES] == ["allowed", "body", "denied", "route-metadata"]
