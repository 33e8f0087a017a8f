"""Driving a check from bytes to its end, with signatures really verified."""

from sidecar.core.assertion import Minted
from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Mint, Step, Verdict, Verify
from sidecar.core.trust import Trust
from sidecar.verify.signature import verify
from support.answers import Answer, read_answer
from support.tokens import NOW


def begin(raw: bytes, trust: Trust, now: float = NOW) -> Step:
    """Begin a check."""
    return Checker(lambda: trust).begin(raw, now)


def pending(raw: bytes, trust: Trust, now: float = NOW) -> Verify:
    """Begin a check that must come to wait for a signature."""
    step = begin(raw, trust, now)
    assert isinstance(step, Verify), f"decided without a signature: {step}"
    return step


def verdict(need: Verify) -> Verdict:
    """Verify for good."""
    valid = verify(need.algorithm, need.key, need.signing_input, need.signature)
    return Verdict(need.token_digest, need.trust_digest, valid)


def minted(need: Mint, now: float = NOW, name: str = "minted") -> Minted:
    """Sign nothing, but say what a signer would of the times."""
    issued = int(now)
    return Minted(name, issued, min(issued + need.statement.lifetime, need.statement.not_after))


def finish(step: Step, now: float = NOW) -> Decided:
    """Do what the check needs until it is decided."""
    while not isinstance(step, Decided):
        if isinstance(step, Mint):
            step = step.resume(minted(step, now), now)
            continue
        assert isinstance(step, Verify), f"needs something else than signatures: {step}"
        step = step.resume(verdict(step), now)
    return step


def decide(raw: bytes, trust: Trust, now: float = NOW) -> Answer:
    """Take a check to its end."""
    decided = finish(begin(raw, trust, now), now)
    answer = read_answer(decided.response)
    assert answer.reason == decided.decision.reason.value
    return answer
