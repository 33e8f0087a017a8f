"""A verifier's process: it is told what it is in a line of JSON, and ends when the pipe that this came by does."""

from typing import Any

from sidecar.placement.plan import ANYWHERE
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.ipc.shared import Shared, WakeUpHandle
from sidecar.runtime.supervision.child import ChildSpec, run_child

_STDIN, _NONE = 0, -1


def run(order: dict[str, Any]) -> None:
    """Be that verifier; never returns."""
    members = tuple(Member(index, Role(role), number, ANYWHERE) for index, role, number in order["members"])
    verifiers = sum(member.role is Role.VERIFIER for member in members)
    nothing = Handle(_NONE)
    spec = ChildSpec(
        member=members[order["index"]],
        incarnation=order["incarnation"],
        fleet=Fleet(members, len(members) - verifiers, verifiers, order["jwt_verifiers"]),
        shared=Shared(
            board=Handle(order["board"]),
            cache=nothing,
            replays=nothing,
            recent=nothing,
            rings=Handle(order["rings"]),
            signing=None,
            wake_ups={name: _wake_up(*pair) for name, pair in order["wake_ups"].items()},
            seed=order["seed"],
            secret=b"",
        ),
        lifeline=Handle(_STDIN),
        foreign=(),
        snapshot=nothing,
        channels=(),
        config="",
        log_level=order["log_level"],
        # None: the parent-death signal comes when the thread ends that started us, which is sooner. The pipe does.
        supervisor=_NONE,
    )
    run_child(spec)


def _wake_up(reader: int, writer: int) -> WakeUpHandle:
    first = Handle(reader)
    return WakeUpHandle(first, first if writer == reader else Handle(writer))
