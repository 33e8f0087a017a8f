"""RSA and ECDSA go to the verifiers that are for them, Ed25519 never does: a server's rings with both ends here."""

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

import pytest
from verify.pool.ends import need, verdict

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.observe.series import VERIFICATION, Route, Verification
from sidecar.placement.plan import ANYWHERE, Placement
from sidecar.runtime.ipc.fleet import Fleet, Member, Role, fleet_of
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.shared import Shared, WakeUpHandle, make_shared, open_board
from sidecar.runtime.serving import verifier
from sidecar.runtime.serving.signatures import Signatures
from sidecar.runtime.supervision.child import ChildSpec
from sidecar.settings import Settings
from sidecar.verify.pool.worker import Worker

_SETTINGS = {"issuers": [{"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}]}
_Got = TypeVar("_Got")
#: More than the threshold, so that they go to a pool.
_BURST = 40


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("jwt_workers", [0, 1])
def test_burst_goes_to_its_own_verifiers(algorithm: Algorithm, jwt_workers: int) -> None:
    """All of a burst that goes to a pool goes to one: the costly verifiers', or where there are none the others'."""
    fleet = fleet_of(Placement((ANYWHERE,), (ANYWHERE,) * (1 + jwt_workers)), jwt_workers)
    shared = make_shared(fleet, 1 << 20)
    workers = [_worker(fleet, shared, member) for member in fleet.of(Role.VERIFIER)]

    async def go() -> None:
        _, table = open_board(_duplicate(shared.board).open(), fleet)
        server, row = fleet.of(Role.SERVER)[0], table.row(1)
        settings = Settings.model_validate(_SETTINGS | {"batch_size_threshold": 1, "process_pool_timeout": 10})
        signatures = Signatures(server, fleet, _for_one(shared), settings, row)
        signatures.open()
        await _answered(asyncio.sleep(0.05), workers)
        needs = [need(algorithm=algorithm, good=number % 4 != 0) for number in range(_BURST)]
        found = await _answered(asyncio.gather(*map(signatures.verify, needs)), workers)
        signatures.close()
        assert found == [verdict(one, valid=number % 4 != 0) for number, one in enumerate(needs)]
        counts = table.totals().counters
        by_pool = sum(counts[VERIFICATION[Route.POOL, outcome]] for outcome in Verification)
        own = 1 if jwt_workers and algorithm is not Algorithm.EDDSA else 0
        expected = [by_pool if number == own else 0 for number in range(len(workers))]
        assert [worker.counts.verdicts for worker in workers] == expected
        assert by_pool > _BURST / 2

    asyncio.run(go())


async def _answered(question: Awaitable[_Got], workers: list[Worker]) -> _Got:
    task = asyncio.ensure_future(question)
    while not task.done():
        for worker in workers:
            worker.turn()
        await asyncio.sleep(0)
    return task.result()


def _worker(fleet: Fleet, shared: Shared, member: Member) -> Worker:
    """Return the worker that a verifier process has."""
    spec = ChildSpec(
        member=member,
        incarnation=1,
        fleet=fleet,
        shared=_for_one(shared),
        lifeline=Handle(-1),
        foreign=(),
        snapshot=Handle(-1),
        channels=(),
        config="",
        log_level="info",
    )
    return verifier.worker(spec)


def _for_one(shared: Shared) -> Shared:
    """Return what a child is given: descriptors of its own."""
    assert shared.rings is not None
    wake_ups = {}
    for name, handle in shared.wake_ups.items():
        reader = _duplicate(handle.reader)
        same = handle.writer is handle.reader
        wake_ups[name] = WakeUpHandle(reader, reader if same else _duplicate(handle.writer))
    return replace(shared, rings=_duplicate(shared.rings), wake_ups=wake_ups)


def _duplicate(handle: Handle) -> Handle:
    return Handle(os.dup(handle.fd))
