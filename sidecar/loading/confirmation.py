"""Until when fetched keys are good: what a process needs to know to stop believing them by itself.

Control drops keys that nobody confirmed for too long. A control process may be dead, though, or unable to reach the
servers, and keys must not stay for ever because of that: each process that decides by them counts their age, too.
"""

import json
import math
from collections.abc import Mapping, Sequence

from sidecar.bundle.held import HeldBundle
from sidecar.settings import Settings

#: Stands for the policy bundle among issuers, none of which has this name.
BUNDLE = ""
#: By an issuer's name, in seconds since the machine was started (``keys.remote.clock.boot_clock``).
GoodUntil = Mapping[str, float]


def good_until(
    settings: Settings,
    key_sets: Sequence[bytes],
    confirmed: Sequence[float | None],
    bundle: HeldBundle | None = None,
) -> GoodUntil:
    """Return until when the keys are good of each issuer that has any which were fetched, and the bundle.

    All is in the order of the settings' issuers. What was never confirmed is good until 0, which is over.
    """
    times = {} if bundle is None else {BUNDLE: bundle.until}
    return times | {
        issuer.issuer: 0.0 if at is None else at + issuer.keys.fetch.max_stale_seconds
        for issuer, document, at in zip(settings.issuers, key_sets, confirmed, strict=True)
        if issuer.keys is not None and issuer.is_remote and document
    }


def encode(times: GoodUntil) -> bytes:
    """Return it as JSON."""
    return json.dumps(dict(times)).encode()


def decode(data: bytes) -> GoodUntil:
    """Read it back; raises ``ValueError`` for anything else."""
    found = json.loads(data)
    if not isinstance(found, dict) or not all(isinstance(at, float) and math.isfinite(at) for at in found.values()):
        raise ValueError("no times until which keys are good")
    return found
