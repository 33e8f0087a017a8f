"""What all processes share, made once by the supervisor: memory, wake-ups, secrets. No locks in it.

board     scoreboard · one row of counters a child
cache     identities and refusals
replays   proofs that were used
rings     jobs and verdicts, two for each pair of a server and a verifier
signing   jobs and signatures, two for each pair of an asker (control, a server) and a minter
denylist  digests of what is revoked
recent    denials of late, a ring for each server
"""

import secrets
from dataclasses import dataclass, field
from functools import partial

from sidecar.memory import recent, segment
from sidecar.memory.counters import CounterTable
from sidecar.memory.counters import size as counters_size
from sidecar.memory.scoreboard import Scoreboard
from sidecar.memory.scoreboard import size as scoreboard_size
from sidecar.memory.segment import Segment
from sidecar.observe.series import SCHEMA
from sidecar.runtime.ipc.fleet import Fleet, Role
from sidecar.runtime.ipc.handles import Handle
from sidecar.tokens.pool.rings import SigningRings
from sidecar.verify.pool import wake_up
from sidecar.verify.pool.rings import Rings
from sidecar.verify.pool.wake_up import WakeUp
from sidecar.warming.keys import WarmUpKeys

#: What was made, each of which has a ``close``.
Keep = list[Segment | WakeUp]
#: Jobs that one server may have with one verifier.
IN_FLIGHT = 256


@dataclass(frozen=True, slots=True)
class WakeUpHandle:
    """A wake-up on its way into a child."""

    reader: Handle
    writer: Handle

    def open(self) -> WakeUp:
        """Take it over."""
        return wake_up.attach(self.reader.fd, self.writer.fd)


@dataclass(frozen=True, slots=True)
class Shared:
    """All of it, as a child is given it. Wake-ups are by name: ``server-0``, ``server-0/costly``, ``verifier-0``.

    And those of minters: ``minter-0``, ``control/signing``, ``server-0/signing``.
    """

    board: Handle
    cache: Handle
    replays: Handle
    recent: Handle
    rings: Handle | None
    signing: Handle | None
    wake_ups: dict[str, WakeUpHandle]
    #: Of checksums and of the cache's keys: random, and in no segment.
    seed: int = field(repr=False)
    secret: bytes = field(repr=False)
    denylist: Handle | None = None  #: where there is nothing to be revoked
    #: Of the denylist's digests: random, and in no segment.
    denylist_key: bytes = field(default=b"", repr=False)
    #: Of the snapshot of the cache, if there is to be one: of a Secret, and so the same at each start.
    seal: bytes = field(default=b"", repr=False)


def make_shared(  # noqa: PLR0913 - what its parts depend on, once
    fleet: Fleet,
    cache_bytes: int,
    denylist_bytes: int | None = None,
    *,
    replay_bytes: int = 1 << 20,
    keep: Keep | None = None,
    warm_up: WarmUpKeys | None = None,
) -> Shared:
    """Make it, with a denylist if that is to have a size. ``warm_up``: where the cache's keys are to be those again.

    It lives as long as the calling process and its children; or, with ``keep``, until what is in that is closed.
    """
    rings, signing = rings_of(fleet), signing_rings_of(fleet)
    kept = _KEPT if keep is None else keep
    _handle, _wake_up = partial(_handle_of, kept), partial(_wake_up_of, kept)
    return Shared(
        board=_handle(segment.create(segment.pages(board_bytes(fleet)), "ext-authz-board")),
        cache=_handle(segment.create(cache_bytes, "ext-authz-cache")),
        replays=_handle(segment.create(replay_bytes, "ext-authz-replays")),
        recent=_handle(segment.create(segment.pages(recent.size(fleet.servers)), "ext-authz-recent")),
        rings=None if rings is None else _handle(segment.create(segment.pages(rings.size), "ext-authz-rings")),
        signing=None if signing is None else _handle(segment.create(segment.pages(signing.size), "ext-authz-signing")),
        wake_ups={name: _wake_up() for name in _wake_up_names(fleet)},
        seed=secrets.randbits(64),
        secret=secrets.token_bytes(32) if warm_up is None else warm_up.cache,
        seal=b"" if warm_up is None else warm_up.seal,
        denylist=None if denylist_bytes is None else _handle(segment.create(denylist_bytes, "ext-authz-denylist")),
        denylist_key=secrets.token_bytes(32),
    )


def rings_of(fleet: Fleet) -> Rings | None:
    """Return the plan of the rings; ``None`` without verifiers."""
    return Rings(fleet.servers, fleet.verifiers, IN_FLIGHT) if fleet.verifiers else None


def signing_rings_of(fleet: Fleet) -> SigningRings | None:
    """Return the plan of the minters' rings; ``None`` without minters."""
    return SigningRings(len(fleet.askers), fleet.minters) if fleet.minters else None


def open_board(board: Segment, fleet: Fleet) -> tuple[Scoreboard, CounterTable]:
    """Open scoreboard and counters."""
    children = len(fleet.members)
    return Scoreboard(board, children), CounterTable(board, SCHEMA, children, scoreboard_size(children))


def board_bytes(fleet: Fleet) -> int:
    """Return the bytes of scoreboard and counters."""
    children = len(fleet.members)
    return scoreboard_size(children) + counters_size(SCHEMA, children)


def _wake_up_names(fleet: Fleet) -> list[str]:
    names: list[str] = []
    if fleet.verifiers:
        servers = [member.name for member in fleet.of(Role.SERVER)]
        names += [*servers, *(f"{name}/costly" for name in servers)]
        names += [member.name for member in fleet.of(Role.VERIFIER)]
    if fleet.minters:
        names += [*(f"{member.name}/signing" for member in fleet.askers), *(one.name for one in fleet.of(Role.MINTER))]
    return names


def _wake_up_of(kept: Keep) -> WakeUpHandle:
    made = wake_up.create()
    kept.append(made)
    reader = Handle(made.reader)
    # An eventfd's are one, and must go along once: multiprocessing refuses a descriptor that is named twice.
    return WakeUpHandle(reader, reader if made.writer == made.reader else Handle(made.writer))


def _handle_of(kept: Keep, made: Segment) -> Handle:
    # The mapping stays, for as long as the process lives: nobody else holds on to an empty segment.
    kept.append(made)
    return Handle(made.fileno())


_KEPT: Keep = []
