"""Assertions about identities, signed as they are asked for: each statement once, and in batches.

mint(statement) ── one that says the same, new or under way ────────────────────────> Minted
    │                                                                                    ^
    └── all of one turn of the loop ── iat nbf exp jti ── Signer.sign, again and again ──┘  or None
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from sidecar.core.assertion import Minted, Statement
from sidecar.tokens.claims import Terms, encode_part
from sidecar.tokens.pool.codec import MAX_INPUT_BYTES
from sidecar.tokens.pool.errors import SigningUnavailableError
from sidecar.tokens.signer import Signer

#: Statements under way at once; one more is not signed. Some 0.1 s of work for one minting process.
MOST = 1024
#: Signed statements that are kept, for identities that nobody else keeps, and for a configuration that changes: a
#: statement that is asked for again, while it has most of its life before it, is the one that was signed.
_KEPT, _NEW = 1024, 1 / 3
#: Seconds after which a statement is given up, whoever waits: checks have far shorter deadlines of their own.
PATIENCE = 10.0
#: Seconds from a failure that came at once to the next attempt.
_PAUSE = 0.02
#: Bytes of a payload: with the header the signing input must fit into a job.
_LARGEST = MAX_INPUT_BYTES - 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement that is to be signed, and who waits for it."""

    payload: bytes = field(repr=False)
    token_type: str
    issued: int
    expires: int
    future: "asyncio.Future[Minted | None]" = field(repr=False)


class Assertions:
    """Has ``signer`` sign statements. For one event loop.

    ``clock`` is in seconds since the epoch. ``patience``, in seconds, is for one attempt: a process that signs and says
    nothing for so long is not waited for, while there are others. ``observe`` is told how many were signed, or not.
    """

    def __init__(
        self,
        signer: Signer,
        clock: Callable[[], float],
        patience: float,
        observe: Callable[[bool, int], None] = lambda _signed, _count: None,
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._patience = patience
        self._observe = observe
        self._is_open = True
        self._under_way: dict[bytes, asyncio.Future[Minted | None]] = {}
        self._signed: OrderedDict[bytes, Minted] = OrderedDict()
        self._next: list[_Asked] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def mint(self, statement: Statement) -> Minted | None:
        """Return the signed statement, or ``None`` where it could not be signed. Ends early only when cancelled."""
        name = _name(statement)
        signed = self._signed.get(name)
        if signed is not None and 0 <= self._clock() - signed.issued < (signed.expires - signed.issued) * _NEW:
            return signed
        future = self._under_way.get(name)
        if future is None:
            future = self._ask(name, statement)
        # A caller that goes away takes nothing from the others that wait for the same.
        return None if future is None else await asyncio.shield(future)

    def forget(self) -> None:
        """Forget what was signed: by a key that is gone."""
        self._signed.clear()

    def close(self) -> None:
        """Give up what is under way: it comes to ``None``."""
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        for future in self._under_way.values():
            if not future.done():
                future.set_result(None)

    def _ask(self, name: bytes, statement: Statement) -> "asyncio.Future[Minted | None] | None":
        loop = asyncio.get_running_loop()
        asked = None
        if len(self._under_way) < MOST and self._is_open:
            asked = _asked(statement, self._clock(), loop.create_future())
        if asked is None:
            self._observe(False, 1)  # noqa: FBT003 - an outcome
            return None
        self._under_way[name] = asked.future
        asked.future.add_done_callback(partial(self._end, name))
        if not self._next:
            loop.call_soon(self._begin)
        self._next.append(asked)
        return asked.future

    def _end(self, name: bytes, future: "asyncio.Future[Minted | None]") -> None:
        self._under_way.pop(name, None)
        signed = future.result()
        if signed is not None:
            self._signed[name] = signed
            self._signed.move_to_end(name)
            if len(self._signed) > _KEPT:
                self._signed.popitem(last=False)

    def _begin(self) -> None:
        asked, self._next = self._next, []
        task = asyncio.get_running_loop().create_task(self._sign(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sign(self, asked: list[_Asked]) -> None:
        """Sign all, or as much as can be; whoever waits then is told that there is nothing."""
        try:
            # One, but for the moment in which a configuration changes.
            for token_type in {one.token_type for one in asked}:
                alike = [one for one in asked if one.token_type == token_type]
                tokens = await self._tokens([one.payload for one in alike], token_type)
                for one, token in zip(alike, tokens, strict=False):
                    _answer(one, Minted(token.decode("ascii"), one.issued, one.expires))
                self._observe(True, len(tokens))  # noqa: FBT003 - an outcome
        finally:
            left = [one for one in asked if not one.future.done()]
            for one in left:
                _answer(one, None)
            self._observe(False, len(left))  # noqa: FBT003 - an outcome

    async def _tokens(self, payloads: list[bytes], token_type: str) -> list[bytes]:
        """Return a token for each payload, or none; where nobody signs now, somebody may in a moment."""
        until = monotonic() + PATIENCE
        while self._is_open and monotonic() < until:
            # Twice, since of several processes the first one has half of the time.
            with suppress(SigningUnavailableError):
                return await self._signer.sign(payloads, token_type, 2 * self._patience)
            await asyncio.sleep(_PAUSE)
        return []


def _asked(statement: Statement, now: float, future: "asyncio.Future[Minted | None]") -> _Asked | None:
    """Return what is to be signed now; ``None`` for what is too large, or has no time left."""
    terms = Terms(statement.issuer, statement.lifetime, statement.token_type)
    issued = int(now)
    expires = min(issued + statement.lifetime, statement.not_after)
    payload = None
    with suppress(ValueError):
        payload = encode_part(terms.complete(statement.claims, now, statement.not_after))
    if payload is None or len(payload) > _LARGEST:
        return None
    return _Asked(payload, statement.token_type, issued, expires, future)


def _answer(asked: _Asked, minted: Minted | None) -> None:
    if not asked.future.done():
        asked.future.set_result(minted)


def _name(statement: Statement) -> bytes:
    """Return what two statements have in common only if they say the same."""
    parts = (statement.issuer, statement.token_type, statement.lifetime, statement.not_after, dict(statement.claims))
    return json.dumps(parts, separators=(",", ":")).encode()
