"""Tokens that are verified before anybody sends them, for the shared cache: in the pool, as all others are."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NoReturn

from sidecar.core.authenticate import believe, read_candidate
from sidecar.core.cache import still_holds
from sidecar.core.identity import Identity
from sidecar.core.needs import Verdict, Verify
from sidecar.core.reason import Reason, Refusal
from sidecar.core.trust import Trust
from sidecar.engine.shared_cache import SharedTokenCache

#: Tokens that are under way at once: enough for the verifiers, and few enough to leave them time for checks.
AT_ONCE = 128
WARMED, KNOWN = "warmed", "known"


class Warming:
    """``verify`` answers; ``trust`` returns the one in force."""

    def __init__(
        self,
        trust: Callable[[], Trust],
        verify: Callable[[Verify], Awaitable[Verdict]],
        tokens: SharedTokenCache,
    ) -> None:
        self._trust, self._verify, self._tokens = trust, verify, tokens

    async def warm(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Verify ``tokens``; return how many ended how: warmed, known, or for which reason they are refused."""
        counts: Counter[str] = Counter()
        rest = iter(tokens)

        async def work() -> None:
            for token in rest:
                counts[await self._warmed(token)] += 1

        await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(tokens)))))
        return counts

    async def _warmed(self, token: str) -> str:
        try:
            return await self._looked_into(token.encode("latin-1", "replace"))
        except Refusal as refusal:
            await asyncio.sleep(0)  # others have their turn
            return refusal.reason.value
        except Exception:  # noqa: BLE001 - a key that cannot be used; the other tokens go on
            return Reason.INTERNAL_ERROR.value

    async def _looked_into(self, token: bytes) -> str:
        """Verify one; raises ``Refusal``."""
        trust, now = self._trust(), time.time()
        found = self._tokens.get(token, trust, now)
        if isinstance(found, Identity) and still_holds(found, trust, now):
            await asyncio.sleep(0)  # others have their turn
            return KNOWN
        candidate = read_candidate(token, trust, now)
        need = Verify(
            token_digest=candidate.token_digest,
            trust_digest=candidate.trust_digest,
            algorithm=candidate.token.algorithm,
            key=candidate.key,
            signing_input=candidate.token.signing_input,
            signature=candidate.token.signature,
            then=_nobody_goes_on,
        )
        verdict, now = await self._verify(need), time.time()
        # It is labelled with its issuer's configuration and its key. INVARIANT: whoever finds it looks whether those
        # are in force still, and whether it was revoked.
        self._tokens.put(token, believe(candidate, verdict, now), now)
        return WARMED


def _nobody_goes_on(_verdict: Verdict, _now: float) -> NoReturn:
    raise RuntimeError("no check waits for this")
