"""``/warm-up`` of the administration: tokens, or a snapshot, from a file on the sidecar's own machine."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from sidecar.core.strict_json import JsonError, loads_object
from sidecar.http.admin import Route
from sidecar.http.message import Answer, Rejection, document
from sidecar.loading.variables import CONFINED_TO
from sidecar.runtime.control.warm_up import NotReadyError, WarmUp
from sidecar.warming.file import read_private
from sidecar.warming.snapshot import SnapshotError

#: Bytes of a file of tokens.
MOST_BYTES = 64 << 20

#: Has tokens verified; returns how many ended how: "warmed", "known", or a reason.
Warm = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]


class WarmUpApi:
    """``warm_up`` is for snapshots, ``None`` where none are kept."""

    def __init__(self, warm: Warm, warm_up: WarmUp | None) -> None:
        self._warm, self._warm_up = warm, warm_up

    def routes(self) -> Sequence[Route]:
        """Return both."""
        return Route("POST", "/warm-up/tokens", self._tokens), Route("POST", "/warm-up/snapshot", self._snapshot)

    async def _tokens(self, body: bytes) -> Answer:
        file, began = _file(body), time.monotonic()
        try:
            content = await asyncio.to_thread(read_private, file, MOST_BYTES)
        except OSError as error:
            raise Rejection(400, f"nothing was verified: {error}") from None
        tokens = [line.strip().decode("latin-1") for line in content.splitlines() if line.strip()]
        counts = await self._warm(tokens)
        return document(200, {"tokens": len(tokens), "seconds": round(time.monotonic() - began, 3), **counts})

    async def _snapshot(self, body: bytes) -> Answer:
        file, began = _file(body), time.monotonic()
        if self._warm_up is None:
            raise Rejection(409, "warm_up is not configured, so there is no key that a snapshot could be sealed with")
        try:
            number = await self._warm_up.restore(file)
        except NotReadyError as error:
            raise Rejection(503, str(error)) from None
        except SnapshotError as error:
            raise Rejection(409, f"nothing was restored: {file} {error}") from None
        except OSError as error:
            raise Rejection(400, f"nothing was restored: {error}") from None
        return document(200, {"restored": number, "seconds": round(time.monotonic() - began, 3)})


def _file(body: bytes) -> Path:
    try:
        members = loads_object(body)
    except JsonError as error:
        raise Rejection(400, f"no JSON object: {error}") from None
    name = members.get("file")
    if members.keys() != {"file"} or not isinstance(name, str) or not name.startswith("/") or "\0" in name:
        raise Rejection(400, "'file' is an absolute path on the sidecar's machine, and stands alone")
    allowed = [Path(one).resolve() for one in os.environ.get(CONFINED_TO, "").split(os.pathsep) if one]
    if allowed and not any(Path(name).resolve().is_relative_to(folder) for folder in allowed):
        # A node agent's tenants see nothing of one another (loading/confined.py).
        raise Rejection(400, "'file' leads out of the tenant's folder; put the file there, and no link to it")
    return Path(name)
