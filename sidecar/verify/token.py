"""One token verified outside of any check, for commands."""

from sidecar.core.authenticate import believe, read_candidate
from sidecar.core.identity import Identity
from sidecar.core.needs import Verdict
from sidecar.core.trust import Trust
from sidecar.verify.signature import verify


def identity_in(compact: bytes, trust: Trust, now: float) -> Identity:
    """Verify a token, outside of any check; raises ``Refusal``."""
    candidate = read_candidate(compact, trust, now)
    unverified = candidate.token
    valid = verify(unverified.algorithm, candidate.key, unverified.signing_input, unverified.signature)
    return believe(candidate, Verdict(candidate.token_digest, candidate.trust_digest, valid), now)
