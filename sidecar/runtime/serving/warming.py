"""Tokens that are verified before anybody sends them, for the shared cache: in the pool, as all others are."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NoReturn

from sidecar.core.authenticate import Candidate, believe, read_candidate
from sidecar.core.cache import still_holds
from sidecar.core.identity import Identity
from sidecar.core.needs import Verdict, Verify
from sidecar.core.reason import Reason, Refusal
from sidecar.core.trust import Trust
from sidecar.engine.shared_cache import SharedTokenCache

#: Tokens that are under way at once: enough for the verifiers, and few enough to leave them time for checks.
AT_ONCE = 128
#: Of these, what is read, handed to a verifier, and put into the cache in one piece. Handing over one costs as much
#: as reading it; reading so many takes 0.4 ms, in which no check is answered.
TOGETHER = 16
WARMED, KNOWN = "warmed", "known"


class Warming:
    """``verify`` answers, with ``None`` what cannot be verified; ``trust`` returns the one in force."""

    def __init__(
        self,
        trust: Callable[[], Trust],
        verify: Callable[[Sequence[Verify]], Awaitable[Sequence[Verdict | None]]],
        tokens: SharedTokenCache,
    ) -> None:
        self._trust, self._verify, self._tokens = trust, verify, tokens

    async def warm(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Verify ``tokens``; return how many ended how: warmed, known, or for which reason they are refused."""
        counts: Counter[str] = Counter()
        rest = iter(tokens)
        together = -(-min(AT_ONCE, len(tokens)) // TOGETHER)
        await asyncio.gather(*(self._work(rest, counts) for _ in range(together)))
        return counts

    async def _work(self, rest: Iterator[str], counts: Counter[str]) -> None:
        while batch := [token.encode("latin-1", "replace") for token in islice(rest, TOGETHER)]:
            candidates = [one for one in (self._candidate(token, counts) for token in batch) if one is not None]
            if candidates:
                verdicts = await self._verify([_need(candidate) for candidate in candidates])
                now = time.time()
                for candidate, verdict in zip(candidates, verdicts, strict=True):
                    counts[self._put(candidate, verdict, now)] += 1
            # Others have their turn.
            await asyncio.sleep(0)

    def _candidate(self, token: bytes, counts: Counter[str]) -> Candidate | None:
        """Return what is to be verified, or count why there is nothing."""
        trust, now = self._trust(), time.time()
        try:
            found = self._tokens.get(token, trust, now)
            if not (isinstance(found, Identity) and still_holds(found, trust, now)):
                return read_candidate(token, trust, now)
            counts[KNOWN] += 1
        except Refusal as refusal:
            counts[refusal.reason.value] += 1
        except Exception:  # noqa: BLE001 - the other tokens go on
            counts[Reason.INTERNAL_ERROR.value] += 1
        return None

    def _put(self, candidate: Candidate, verdict: Verdict | None, now: float) -> str:
        """Remember who a token was found to speak for; return how it ended."""
        if verdict is None:
            return Reason.INTERNAL_ERROR.value
        try:
            # It is labelled with its issuer's configuration and its key. INVARIANT: whoever finds it looks whether
            # those are in force still, and whether it was revoked.
            self._tokens.put(candidate.compact, believe(candidate, verdict, now), now)
        except Refusal as refusal:
            return refusal.reason.value
        except Exception:  # noqa: BLE001 - as above
            return Reason.INTERNAL_ERROR.value
        return WARMED


def _need(candidate: Candidate) -> Verify:
    token = candidate.token
    return Verify(
        token_digest=candidate.token_digest,
        trust_digest=candidate.trust_digest,
        algorithm=token.algorithm,
        key=candidate.key,
        signing_input=token.signing_input,
        signature=token.signature,
        then=_nobody_goes_on,
    )


def _nobody_goes_on(_verdict: Verdict, _now: float) -> NoReturn:
    raise RuntimeError("no check waits for this")
