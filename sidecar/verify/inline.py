"""Verifying in the process that asks: 37 µs for Ed25519, less than handing it to another."""

from sidecar.core.needs import Verdict, Verify
from sidecar.verify.signature import verify


def verdict_of(need: Verify) -> Verdict:
    """Answer a ``Verify`` here and now."""
    valid = verify(need.algorithm, need.key, need.signing_input, need.signature)
    return Verdict(need.token_digest, need.trust_digest, valid)


async def verify_inline(need: Verify) -> Verdict:
    """Do the same on an event loop."""
    return verdict_of(need)
