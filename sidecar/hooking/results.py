"""What hooks said before, for those that declare by what their results may be kept."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from sidecar.core.digest import digest_of
from sidecar.core.hooked import ENDS, HookAnswer, HookResult
from sidecar.core.identity import Identity
from sidecar.core.needs import AskHooks
from sidecar.core.policy.hook import Hook
from sidecar.hooking.views import Question
from sidecar.hooks.declaration import Declaration

#: Results that one server keeps, and identities whose digests it knows.
_MOST_RESULTS, _MOST_IDENTITIES = 4096, 1024
#: What is never kept: it may be over the next moment.
_PASSING = ENDS - {HookResult.DENY}


class _Kept(NamedTuple):
    answer: HookAnswer
    until: float


class Results:
    """Of one server. ``clock`` is CLOCK_MONOTONIC, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._identities: OrderedDict[int, tuple[Identity, bytes]] = OrderedDict()

    def key(self, hook: Hook, declared: Declaration, need: AskHooks, asked: Question) -> bytes | None:
        """Return what the result is kept by (32 bytes); ``None`` where it is not to be kept.

        INVARIANT: hook, Trust and, unless it is shared, the whole identity are part of it, beside all that the hook may
        see of the request: ``views.question`` shows it nothing else.
        """
        if declared.cache is None:
            return None
        whose = b"shared" if declared.shared else self._identity_digest(need.identity)
        # Whoever sees the path is asked about each reading of it.
        paths = asked.paths if "path" in declared.cache else ()
        seen = asked.identity if declared.shared else None
        content = (hook.name, hook.digest, need.trust_digest, declared.shared, whose, paths, asked.request, seen)
        return digest_of(content, b"hook result")

    def get(self, key: bytes) -> HookAnswer | None:
        """Return what is kept, unless its time is over."""
        found = self._kept.get(key)
        if found is None:
            return None
        if self._clock() >= found.until:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found.answer

    def put(self, key: bytes, answer: HookAnswer, ttl: float) -> None:
        """Keep an answer for ``ttl`` seconds, unless the hook failed."""
        if answer.result in _PASSING:
            return
        self._kept[key] = _Kept(answer, self._clock() + ttl)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_RESULTS:
            self._kept.popitem(last=False)

    def _identity_digest(self, identity: Identity | None) -> bytes:
        if identity is None:
            return b"nobody"
        found = self._identities.get(id(identity))
        if found is not None:
            # The very object, which is held on to: its number is nobody else's meanwhile.
            return found[1]
        digest = digest_of(identity, b"identity")
        self._identities[id(identity)] = (identity, digest)
        if len(self._identities) > _MOST_IDENTITIES:
            self._identities.popitem(last=False)
        return digest
