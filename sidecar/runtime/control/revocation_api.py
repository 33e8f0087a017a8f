"""``/revocations`` of the administration: POST to revoke, GET to count. Who may use that listener may revoke."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Trust
from sidecar.http.admin import Route
from sidecar.http.message import Answer, Rejection, document
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.observe.revocation_series import Source
from sidecar.revocation.entry import LATEST, Entry, EntryError, read_entry
from sidecar.revocation.following import FeedError
from sidecar.revocation.keeper import Ended
from sidecar.revocation.message import MOST_ENTRIES
from sidecar.revocation.store import Store

#: Seconds that a cut-off may be ahead. More, and it is a mistake that would lock everybody out.
_AHEAD = 300.0


class RevocationApi:
    """``publish`` brings entries to all others, ``None`` where there is no feed. ``facts`` are for GET."""

    def __init__(
        self,
        store: Store,
        trust: Callable[[], Trust],
        publish: Callable[[Sequence[Entry]], Awaitable[None]] | None,
        facts: Callable[[], Mapping[str, Json]],
    ) -> None:
        self._store, self._trust, self._publish, self._facts = store, trust, publish, facts

    def routes(self) -> Sequence[Route]:
        """Return both."""
        return Route("POST", "/revocations", self._post), Route("GET", "/revocations", self._get)

    async def _get(self, _: bytes) -> Answer:
        return document(200, self._facts())

    async def _post(self, body: bytes) -> Answer:
        try:
            entries = [self._checked(members) for members in _objects(body)]
            # First here, since it is this sidecar that was asked: it denies whatever becomes of the feed.
            ended = await self._store.put_all(entries, Source.API)
        except (EntryError, JsonError) as error:
            self._store.refuse(Source.API, 1)
            raise Rejection(400, f"nothing was revoked: {error}") from None
        except DenylistFullError as error:
            raise Rejection(503, f"not all of it is revoked: {error}; raise revocation.max_entries") from None
        if self._publish is not None:
            try:
                await self._publish([_with_end(entry, end) for entry, end in zip(entries, ended, strict=True)])
            except FeedError as error:
                raise Rejection(503, f"revoked here, and nowhere else: the feed failed ({error}); try again") from None
        return document(201, {"revoked": len(entries), "published": self._publish is not None})

    def _checked(self, members: Mapping[str, Json]) -> Entry:
        """Return what was asked for, as of now; raises ``EntryError``."""
        entry, now = read_entry(members), time.time()
        if entry.name.issuer not in self._trust().issuers:
            raise EntryError("'issuer' is none that is configured here, character by character")
        if entry.revoked_at is not None:
            raise EntryError("'revoked_at' is for files and the feed; what is posted is revoked now")
        if entry.expires_at is not None and entry.expires_at <= now:
            raise EntryError("'expires_at' is past")
        if entry.before is not None and entry.before > now + _AHEAD:
            raise EntryError("'issued_before' is ahead, and would refuse tokens that are yet to be issued")
        return entry._replace(revoked_at=now)


def _objects(body: bytes) -> Sequence[Mapping[str, Json]]:
    """Return what is to be read as entries: the body itself, or what is in its list ``revocations``."""
    members = loads_object(body)
    if "revocations" not in members:
        return [members]
    listed = members["revocations"]
    if len(members) > 1 or not isinstance(listed, list) or not 0 < len(listed) <= MOST_ENTRIES:
        raise EntryError(f"'revocations' is a list of 1 to {MOST_ENTRIES} entries, and stands alone")
    return [_object(one) for one in listed]


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise EntryError("'revocations' has something that is no JSON object")
    return value


def _with_end(entry: Entry, ended: Ended) -> Entry:
    """Return an entry for sidecars that may know less of its issuer. Each makes its own end no earlier."""
    # Rounded up here, as the list does. What never ends says so by its kind.
    return entry if math.isinf(ended.ends_at) else entry._replace(expires_at=min(LATEST, math.ceil(ended.ends_at)))
