"""``/denials`` of the administration: the last denials of all servers, newest first, and how to have one explained."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.http.admin import Route
from sidecar.http.message import Answer, document
from sidecar.memory.recent import RecentRing
from sidecar.status.denials import Denial

_HOW = (
    "POST /explain takes what stands in 'explain' of a denial, with the caller's token as 'token' beside 'request'; it "
    "says which policy, rule and condition decide now"
)


class Denials:
    """Reads ``rings``, one of each server."""

    def __init__(self, rings: Sequence[RecentRing]) -> None:
        self._rings = rings

    def route(self) -> Route:
        """Return it."""
        return Route("GET", "/denials", self._get)

    def newest(self) -> list[Denial]:
        """Return those that there are, the newest first."""
        found = [one for ring in self._rings for one in _numbered(ring)]
        return [denial for _, denial in sorted(found, key=lambda one: one[0], reverse=True)]

    async def _get(self, _: bytes) -> Answer:
        return document(200, {"denials": [{**one.record, **_question(one)} for one in self.newest()], "how": _HOW})


def _numbered(ring: RecentRing) -> Iterator[tuple[tuple[str, int], Denial]]:
    """Give each with its time, which may be masked, and its number."""
    for number, text in ring.read():
        denial = Denial(json.loads(text))
        yield (denial.text("time"), number), denial


def _question(denial: Denial) -> Mapping[str, Any]:
    """Return what is to be posted; nothing where the request was not read, or is not told as it was."""
    request: dict[str, Any] = {name: denial.known(name) for name in ("method", "host", "path")}
    if None in request.values():
        return {}
    address = denial.known("address")
    return {"explain": {"request": request if address is None else {**request, "source": {"address": address}}}}
