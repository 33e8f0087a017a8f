"""Identities that are remembered, held against what was revoked since."""

from sidecar.core.cache import Known
from sidecar.core.caller import Level
from sidecar.core.reason import Reason, Refusal
from sidecar.core.revocation import UNKNOWN, Denylist


def look_up_again(known: Known, denylist: Denylist, now: float) -> None:
    """Look ``known`` up again; raises ``Refusal``. What others are remembered by stays as it is."""
    assert known.identity is not None  # noqa: S101 - for mypy
    if known.marks is None:
        known.marks = denylist.marks(known.identity)
    found = denylist.look_up(known.marks, now)
    if found.denied:
        raise Refusal(Reason.TOKEN_REVOKED, "on the denylist", known.identity, Level.L1)
    if found.epoch == UNKNOWN:
        raise Refusal(Reason.REVOCATION_UNKNOWN, "the denylist is not complete", known.identity, Level.L1)
    known.epoch, known.looked_up_at = found.epoch, now
