"""The corpus of decision cases and the reference evaluator, written apart from the product, agree on every case."""

from pathlib import Path

import pytest

from policy.cases import FILES, Case, load, reference_outcome

#: How each source begins: a page of Istio's or Envoy's documentation, an RFC, or a page of ours.
_SOURCES = ("istio.io ", "Envoy ", "RFC ", "ours: docs/policy.md ")
#: Policies that are there to be beaten by others, or to see nobody.
_SILENT = {
    ("empty-deny-rule", "all"),
    ("precedence", "later-deny"),
    ("principals-without-spiffe", "deny-any"),
    ("public", "some-subject"),
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Return the cases of all files."""
    return [case for path in FILES for case in load(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path) -> None:
    """Each case of a file without CEL is decided as it says."""
    decided = {case.name: (reference_outcome(case), case.expected) for case in load(path) if not case.has_cel}
    assert {name: both for name, both in decided.items() if both[0] != both[1]} == {}


def test_enough(cases: list[Case]) -> None:
    """There are at least 200 cases, each with a name of its own in its file and a source that there is."""
    assert len(cases) >= 200
    assert len({(case.file, case.name) for case in cases}) == len(cases)
    assert [(case.file, case.name) for case in cases if not case.source.startswith(_SOURCES)] == []


def test_no_case_twice(cases: list[Case]) -> None:
    """No two cases ask the same of the same policies."""
    asked = [repr((case.file, case.request, case.token, case.now)) for case in cases]
    assert [case.name for case, one in zip(cases, asked, strict=True) if asked.count(one) > 1] == []


def test_every_policy_is_told_of(cases: list[Case]) -> None:
    """Every policy decides, or is told, in some case: a pattern that is misspelt in the corpus is found."""
    named = {(case.file, policy["name"]) for case in cases for policy in case.policies}
    told = {
        (case.file, name)
        for case in cases
        for name in (
            case.expect.get("policy"),
            *case.expect.get("audited", ()),
            case.expect.get("dry_run", {}).get("policy"),
        )
    }
    assert named - told == _SILENT
