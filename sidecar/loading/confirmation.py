"""Until when fetched keys are good: what a process needs to know to stop believing them by itself.

Control drops keys that nobody confirmed for too long. A control process may be dead, though, or unable to reach the
servers, and keys must not stay for ever because of that: each process that decides by them counts their age, too.
"""

import json
import math
from collections.abc import Mapping, Sequence

from sidecar.settings import Settings

#: By an issuer's name, in seconds since the machine was started (``keys.remote.source.boot_clock``).
GoodUntil = Mapping[str, float]


def good_until(settings: Settings, key_sets: Sequence[bytes], confirmed: Sequence[float | None]) -> GoodUntil:
    """Return until when the keys are good of each issuer that has any which were fetched.

    All is in the order of the settings' issuers. What was never confirmed is good until 0, which is over.
    """
    return {
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
