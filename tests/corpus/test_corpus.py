"""Every attempt of the corpus ends as its file says, and for no other reason than the one it tries."""

import sys
import tracemalloc
from types import FrameType

import pytest

from corpus.case import Case, load_all
from corpus.recipe import Recipe
from corpus.setups import NAMES, setup, trust_of
from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.reason import Reason
from support.checks import begin, decide, finish
from support.requests import with_token
from support.tokens import NOW

CASES = load_all()
#: For one refusal. Calls of functions: for a claim with many members one for every two bytes of the largest token.
#: Memory: some times the request, which is bounded by the transport, beside what any check takes.
_MOST_CALLS, _MOST_BYTES, _TIMES_THE_REQUEST = 4096, 512 * 1024, 8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    """It is refused (or, where nothing is wrong with it, taken) with exactly the reason in its file."""
    decided = finish(begin(case.raw(), trust_of(case.setup_name)))
    assert decided.decision.reason == Reason(case.expect)
    if isinstance(decided.decision, Denial):
        assert case.detail
        assert case.detail in decided.decision.detail


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_control(case: Case) -> None:
    """The same token without what is hostile about it passes."""
    assert case.control != case.recipe or case.request or case.expect == "allowed"
    assert decide(with_token(case.control.token(case.setup)), trust_of(case.setup_name)).reason == "allowed"


@pytest.mark.parametrize("name", NAMES)
def test_setup(name: str) -> None:
    """Each set-up takes its good token."""
    assert decide(with_token(Recipe().token(setup(name))), trust_of(name)).reason == "allowed"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bounded(case: Case) -> None:
    """No refusal costs more than a bounded number of calls and bytes, counted, not timed."""
    raw, trust = case.raw(), trust_of(case.setup_name)
    finish(begin(raw, trust))
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    checker = Checker(lambda: trust)
    tracemalloc.start()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        finish(checker.begin(raw, NOW))
    finally:
        sys.setprofile(before)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert calls <= _MOST_CALLS
    assert peak <= _MOST_BYTES + _TIMES_THE_REQUEST * len(raw)
