"""Which keys came, went and were replaced: logged, counted, and remembered with since when they are there."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sidecar.core import base64url
from sidecar.core.algorithm import SYMMETRIC
from sidecar.core.keys import VerificationKey
from sidecar.core.trust import Issuer, Trust

_log = logging.getLogger(__name__)


class Change(StrEnum):
    """What became of a key id."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"  #: the same id, and another key


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One of them. ``key_id`` is the thumbprint (RFC 7638, base64url) of a key that has no id."""

    issuer: str
    key_id: str
    change: Change


class Rotation:
    """``since``: by issuer and key id, in seconds since the epoch; not of keys that were there when we began."""

    def __init__(self) -> None:
        self.since: dict[tuple[str, str], float] = {}
        self.counts: Counter[tuple[str, str]] = Counter()  #: by issuer and change

    def note(self, before: Trust, after: Trust, now: float) -> None:
        """Note what is another key in ``after`` than in ``before``, from ``now`` on."""
        for one in changes(before.issuers, after.issuers):
            self.counts[one.issuer, one.change.value] += 1
            _log.info("%s: key %.128r %s", one.issuer, one.key_id, one.change)
            if one.change is Change.REMOVED:
                self.since.pop((one.issuer, one.key_id), None)
            else:
                self.since[one.issuer, one.key_id] = now


class KeyUses:
    """When good tokens came last that were signed with a key, as the servers tell it. ``clock`` as ``time.time``."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last: dict[bytes, float] = {}

    def note(self, key_digest: bytes) -> None:
        """Note that one came with the key of this digest a moment ago."""
        self._last[key_digest] = self._clock()

    def last(self, key_digest: bytes) -> float | None:
        """Return when, in seconds since the epoch; ``None``: not since control was started."""
        return self._last.get(key_digest)

    def keep(self, trust: Trust) -> None:
        """Forget the keys that ``trust`` has not."""
        kept = {digest for issuer in trust.issuers.values() for digest in issuer.vouchers}
        self._last = {digest: at for digest, at in self._last.items() if digest in kept}


def changes(before: Mapping[str, Issuer], after: Mapping[str, Issuer]) -> Iterator[KeyChange]:
    """Yield each key id under which there is another key than before, of issuers that are there or were."""
    for name in sorted({*before, *after}):
        old, new = _keys(before.get(name)), _keys(after.get(name))
        for key_id in sorted({*old, *new}):
            if key_id not in old:
                yield KeyChange(name, key_id, Change.ADDED)
            elif key_id not in new:
                yield KeyChange(name, key_id, Change.REMOVED)
            elif old[key_id] != new[key_id]:
                yield KeyChange(name, key_id, Change.REPLACED)


def named(key: VerificationKey) -> str:
    """Return what a key is called where people see it."""
    if key.key_id is None and not SYMMETRIC.isdisjoint(key.algorithms):
        return "secret"  # a name made of it would tell whoever guesses it that they were right
    return key.key_id or base64url.encode(key.thumbprint).decode("ascii")


def _keys(issuer: Issuer | None) -> Mapping[str, bytes]:
    return {} if issuer is None else {named(key): key.digest for key in issuer.keys.keys}
