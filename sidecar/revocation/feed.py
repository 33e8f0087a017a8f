"""A Redis Stream of revocations, read from its beginning on and then followed. Nothing else here knows Redis.

    connect ─> XINFO: still the same stream? ─> XREAD from our position on ──> take(messages)
                                                 │ nothing new: at the end     (stored before the position moves on)
                                                 └ wait in XREAD for more, a second at most; XINFO; again

Catching up and following are one loop, so that nothing falls between them. Where the stream is another one, reading
begins anew; entries that are known already change nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import random
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from sidecar.revocation.bookmark import Bookmark
from sidecar.revocation.dating import Arrived
from sidecar.revocation.following import FeedError, FeedState, NotTakenError
from sidecar.revocation.redis_at import RedisAt
from sidecar.revocation.stream import Told, position, told

#: Messages that are asked for at once.
_COUNT = 200
#: Seconds that Redis keeps a question open when there is nothing new.
_WAIT_SECONDS = 1.0
#: Seconds for an answer, and for a connection.
_ANSWER_SECONDS, _CONNECT_SECONDS = 5.0, 3.0
#: Seconds between two tries to connect: doubled each time, half of it chance.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
#: The one field of a stream's entry.
_FIELD = b"jws"

_log = logging.getLogger(__name__)


class Feed:
    """Hands all messages to ``take``, and again where that raises ``NotTakenError``. ``run`` it in a task.

    Calls ``ended`` whenever all there are were taken, and ``missed`` when some were gone which had not been.
    """

    def __init__(
        self,
        at: RedisAt,
        take: Callable[[Sequence[Arrived]], Awaitable[None]],
        ended: Callable[[], Awaitable[None]],
        missed: Callable[[], Awaitable[None]],
    ) -> None:
        self.state = FeedState()
        self._at, self._take, self._ended, self._missed = at, take, ended, missed
        self._mark = Bookmark()

    def begin_anew(self, *, owed: bool = False) -> None:
        """Read all of it again. ``owed``: the list lacks what is in it."""
        self.state.caught_up &= not owed
        self._mark.begin_anew()

    async def run(self) -> None:
        """Follow the stream, for ever."""
        failures = 0
        while True:
            before = self.state.at_end
            try:
                await self._converse()
            except NotTakenError as error:
                self.state.stuck = True
                self._say(str(error))
            except (RedisError, OSError, TimeoutError, ValueError, TypeError) as error:
                self._say(_why(error))
            except Exception:  # noqa: BLE001 - whatever it is, the next try may do
                _log.exception("the revocation feed failed")
                self._say("an internal error; see the log")
            self.state.connected = False
            failures = failures + 1 if before == self.state.at_end else 0
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 16))
            await asyncio.sleep(longest * (0.5 + random() / 2))  # noqa: S311 - jitter

    async def publish(self, message: bytes) -> None:
        """Add a message to the stream; raises ``FeedError``. What was added although it raises does no harm."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), _client(self._at) as client:
                await client.xadd(self._at.stream, {_FIELD: message})
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            raise FeedError(_why(error)) from None

    async def _converse(self) -> None:
        async with _client(self._at) as client:
            found = await self._tell(client)
            self.state.connected = True
            self.state.connections += 1
            if self.state.trouble:
                _log.warning("the revocation feed is back")
            self.state.trouble = ""
            await self._compare(found)
            is_at_end = False
            while True:
                is_at_end = await self._read(client, wait=is_at_end)

    async def _read(self, client: Redis, *, wait: bool) -> bool:
        """Read some; say whether that was all."""
        block, beginnings = int(_WAIT_SECONDS * 1000) if wait else None, self._mark.beginnings
        since: dict[Any, Any] = {self._at.stream: str(self._mark.read_to)}
        answer: Any = await client.xread(since, count=_COUNT, block=block)
        self.state.contact_at = time.time()
        entries: Any = answer[0][1] if answer else []
        if entries:
            await self._take([self._arrived(*entry) for entry in entries])
        if self._mark.beginnings != beginnings:
            return False  # it is to be read anew since we asked: the position is not moved on
        if entries:
            # INVARIANT: what was read has been stored before the position moves on.
            self._mark.move([position(place) for place, _ in entries])
            self.state.stuck, self.state.trouble = False, ""
        if len(entries) < _COUNT:
            # Nobody says that something was trimmed, or that it is another stream now: so look, before we say that
            # this was all.
            found = await self._tell(client)
            self._mark.follows = True
            await self._compare(found)
            if self._mark.beginnings != beginnings:
                self._mark.follows = False
                return False
            self.state.caught_up, self.state.at_end = True, time.monotonic()
            await self._ended()
        return len(entries) < _COUNT

    def _arrived(self, place: bytes, fields: Mapping[bytes, bytes] | None) -> Arrived:
        return Arrived(fields.get(_FIELD) if fields else None, position(place).milliseconds / 1000, self._mark.follows)

    async def _tell(self, client: Redis) -> Told:
        try:
            answer: Any = await client.xinfo_stream(self._at.stream)
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            return Told()
        return told(answer)

    async def _compare(self, found: Told) -> None:
        if self._mark.is_of_another(found):
            _log.warning("the stream of revocations is empty or another one: reading it anew; what is known stays")
            self._mark.begin_another()
        elif self._mark.has_gap(found):
            _log.error("revocations were trimmed or deleted from the stream before they were read: post them again")
            await self._missed()
            self._mark.added = None
        self._mark.count(found)

    def _say(self, trouble: str) -> None:
        if trouble != self.state.trouble:
            _log.error("the revocation feed is lost, and tried again: %s", trouble)
        self.state.trouble = trouble


def _client(at: RedisAt) -> Redis:
    """Return a client, which has not connected yet; raises ``OSError`` where the password cannot be read."""
    return Redis.from_url(
        at.url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),  # the loop above does it, and says so
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_CONNECT_SECONDS,
        single_connection_client=True,
        **at.options(),
    )


def _why(error: BaseException) -> str:
    with suppress(Exception):
        text = " ".join(str(error).split())
        return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
    return "an error"
