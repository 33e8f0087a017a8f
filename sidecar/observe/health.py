"""From the scoreboard to the conditions of Kubernetes' probes.

Alive: control answers, and the supervisor beats. What ails a child is no reason to restart all: the supervisor restarts
that child. Ready: keys are there, every server that Envoy may choose answers, and nothing is on its way out.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from sidecar.memory.scoreboard import Child, Overall, Scoreboard, State
from sidecar.observe.condition import Condition


@dataclass(frozen=True, slots=True)
class ScoreboardHealth:
    """The conditions, as the scoreboard has them now.

    ``names``: of all children, in the scoreboard's order. ``servers``: of those that must be up. ``own``: what control
    knows by itself, such as whether there are keys to check with. ``clock``: CLOCK_MONOTONIC, in seconds.
    ``patience``: seconds without a heartbeat after which somebody is taken for hung; several heartbeats long.
    """

    scoreboard: Scoreboard
    names: Sequence[str]
    servers: Collection[str]
    own: Callable[[], Sequence[Condition]]
    clock: Callable[[], float]
    patience: float

    def liveness(self) -> Sequence[Condition]:
        """Return what must be so for the sidecar not to be restarted."""
        return [Condition("control", ok=True), supervisor(self.scoreboard.overall(), self.clock(), self.patience)]

    def readiness(self) -> Sequence[Condition]:
        """Return what must be so for the sidecar to be sent requests."""
        now, overall = self.clock(), self.scoreboard.overall()
        children = {name: self.scoreboard.child(index) for index, name in enumerate(self.names)}
        return [
            *self.own(),
            supervisor(overall, now, self.patience),
            not_draining(overall),
            *(server(name, children[name], now, self.patience) for name in self.servers),
            no_crash_loop(children.items()),
        ]


def supervisor(overall: Overall | None, now: float, patience: float) -> Condition:
    """Say whether the supervisor beats."""
    return _condition("supervisor", "unknown" if overall is None else _silence(overall.heartbeat_at, now, patience))


def not_draining(overall: Overall | None) -> Condition:
    """Say whether the sidecar is to stay."""
    if overall is None:
        return _condition("not-draining", "unknown")
    return _condition("not-draining", "is on its way out" if overall.draining else "")


def server(name: str, child: Child, now: float, patience: float) -> Condition:
    """Say whether a server serves: of its own word, of this incarnation, and not too long ago."""
    return _condition(name, _trouble(child, now, patience))


def no_crash_loop(children: Collection[tuple[str, Child]]) -> Condition:
    """Say whether any child, verifiers included, ends again and again."""
    names = [name for name, child in children if child.supervised is not None and child.supervised.crash_loop]
    return _condition("no-crash-loop", ", ".join(names))


def _trouble(child: Child, now: float, patience: float) -> str:
    if child.supervised is None:
        return "unknown"
    if child.supervised.pid is None:
        return "does not run" + "".join(_plan(child, now))
    if child.report is None:
        return "has not said anything yet"
    if child.report.state is not State.READY:
        return f"is {child.report.state.name.lower()}"
    return _silence(child.report.heartbeat_at, now, patience)


def _plan(child: Child, now: float) -> Iterator[str]:
    if child.supervised is not None and child.supervised.next_start_at is not None:
        yield f"; starts again in {max(0.0, child.supervised.next_start_at - now):.1f} s"


def _silence(heartbeat_at: float, now: float, patience: float) -> str:
    age = now - heartbeat_at
    return f"no heartbeat for {age:.0f} s" if age > patience else ""


def _condition(name: str, trouble: str) -> Condition:
    return Condition(name, ok=not trouble, reason=trouble)
