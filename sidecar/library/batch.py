"""Many tokens at once: so many under way that the verifiers have enough to do, and the loop some time for others."""

import asyncio
import time
from collections.abc import Sequence

from sidecar.core.reason import Reason
from sidecar.library.result import Refused, Result
from sidecar.library.service import Service

#: Answers that are known already, in a row, before others have their turn.
_IN_A_ROW = 128
#: What stands for a token that nobody was asked about: a refusal, so that none is let in for being forgotten.
_PENDING = Refused(Reason.INTERNAL_ERROR, "nobody was asked")


async def authenticate_all(
    service: Service,
    tokens: Sequence[str | Refused],
    client: str,
    timeout: float | None,  # noqa: ASYNC109 - the engine's
) -> list[Result]:
    """Return the results in the tokens' order; ``timeout`` is for all of them together.

    A token that is refused for its form alone comes as its refusal. Where one is there several times, it is asked about
    once, as far as the cache goes.
    """
    until = None if timeout is None else time.monotonic() + timeout
    results: list[Result] = [token if isinstance(token, Refused) else _PENDING for token in tokens]
    rest = ((index, token) for index, token in enumerate(tokens) if isinstance(token, str))

    async def work() -> None:
        in_a_row = 0
        for index, token in rest:
            known = service.recent.recall(token)
            if known is None:
                left = None if until is None else until - time.monotonic()
                results[index] = await service.authenticate(token, client, left)
                in_a_row = 0
                continue
            results[index], in_a_row = known, in_a_row + 1
            if in_a_row >= _IN_A_ROW:
                in_a_row = 0
                await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(min(service.at_once, len(tokens)))))
    return results
