"""``/explain`` of the administration: what would be decided on a request now, and why.

The token goes the way of every check, to the end: signature, times, audience, revocation. Nothing comes of it: no cache
is read or written, no key fetched, no token signed, no issuer asked, nothing counted. One explanation is made at a
time, in a thread of its own, few wait for it, and a few a second are taken, so that asking holds up nobody. In the
single process checks go on meanwhile, with the same expressions (``cel.environment`` says why that may be).
"""

import asyncio
from collections.abc import Callable, Mapping

from sidecar.core.revocation import Denylist
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Trust
from sidecar.http.admin import Route
from sidecar.http.message import Answer, Rejection, document
from sidecar.loading.places import NOWHERE, Places

#: Explanations a second, and how many may come at once.
A_SECOND, AT_ONCE = 5.0, 10.0
#: Explanations that may be under way, with the one that is being made: with thousands of policies one takes seconds.
UNDER_WAY = 10


class Explaining:
    """``trust`` is the one in force, ``now`` the time in seconds since 1970, and ``clock`` one that is never set.

    ``places`` says where the policies in force are written, as far as that is known.
    """

    def __init__(
        self,
        trust: Callable[[], Trust],
        denylist: Denylist | None,
        now: Callable[[], float],
        clock: Callable[[], float],
        places: Callable[[], Places] = lambda: NOWHERE,
    ) -> None:
        self._trust, self._denylist, self._now, self._clock, self._places = trust, denylist, now, clock, places
        self._left, self._at = AT_ONCE, clock()
        self._one_at_a_time = asyncio.Lock()
        self._under_way = 0

    def route(self) -> Route:
        """Return it."""
        return Route("POST", "/explain", self._post)

    async def _post(self, body: bytes) -> Answer:
        self._admit()
        try:
            asked = loads_object(body)
        except JsonError as error:
            raise Rejection(400, f"not a JSON object: {error}") from None
        self._under_way += 1
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(self._explained, asked)
        finally:
            self._under_way -= 1

    def _explained(self, asked: Mapping[str, Json]) -> Answer:
        from sidecar.cases.asked import AskedError, prepared_of  # noqa: PLC0415 - for who asks alone
        from sidecar.cases.explained import explained  # noqa: PLC0415 - the same
        from sidecar.cases.run import UnansweredError  # noqa: PLC0415 - the same

        try:
            # One of both: a configuration that comes in between is for the next.
            trust, now = self._trust(), self._now()
            # Here, not in the loop: it may have megabytes.
            return document(200, explained(prepared_of(asked, trust, now), trust, self._denylist, self._places()))
        except AskedError as error:
            raise Rejection(400, str(error)) from None
        except UnansweredError as error:
            raise Rejection(422, str(error)) from None

    def _admit(self) -> None:
        """Raise ``Rejection`` for one more than are taken in a second, or may be under way."""
        now = self._clock()
        self._left, self._at = min(AT_ONCE, self._left + (now - self._at) * A_SECOND), now
        if self._left < 1 or self._under_way >= UNDER_WAY:
            raise Rejection(429, "too many at once", (("retry-after", "1"),))
        self._left -= 1
