"""The asker's end of the minting processes: servers have one, to sign, and control has one, to know the public keys."""

from sidecar.memory.ring import Consumer, Producer
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.shared import Shared, signing_rings_of
from sidecar.tokens.pool.pool import SigningPool
from sidecar.verify.pool.verifiers import Verifier


def signing_pool(member: Member, fleet: Fleet, shared: Shared) -> SigningPool:
    """Return this process's pool, to be opened in its loop; ``RuntimeError`` where nobody signs."""
    rings = signing_rings_of(fleet)
    if rings is None or shared.signing is None:
        raise RuntimeError("a signing pool without minting processes")
    memory, seed, asker = shared.signing.open().memory, shared.seed, fleet.asker(member)
    workers = [
        Verifier(
            jobs=Producer(memory, rings.jobs(asker, minter.number), seed),
            verdicts=Consumer(memory, rings.answers(asker, minter.number), seed),
            wake_up=shared.wake_ups[minter.name].open(),
        )
        for minter in fleet.of(Role.MINTER)
    ]
    return SigningPool(workers, shared.wake_ups[f"{member.name}/signing"].open())
