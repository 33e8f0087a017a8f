"""What is told of the processes: how the supervisor sees each, and what each says of itself."""

from collections.abc import Iterator, Sequence

from sidecar.memory.scoreboard import Child, Overall, State
from sidecar.observe.measured import Measured


def of_children(children: Sequence[tuple[str, Child]], now: float) -> Iterator[Measured]:
    """Yield how each child is. What is unknown has no sample, but for ``authz_child_up``, which is 0 then.

    Nothing is told of those that are not to run for now.
    """
    children = [(name, child) for name, child in children if not is_resting(child)]
    known = [(name, child.supervised) for name, child in children if child.supervised]
    reports = [(name, child.report) for name, child in children if child.report]
    yield Measured(
        "authz_child_up",
        "Whether a child process runs and is ready.",
        ("child",),
        [((name,), int(is_up(child))) for name, child in children],
    )
    yield Measured(
        "authz_child_restarts",
        "Times a child process was started again.",
        ("child",),
        [((name,), supervised.restarts) for name, supervised in known],
        counts=True,
    )
    yield Measured(
        "authz_child_crash_loop",
        "Whether a child process ends again and again.",
        ("child",),
        [((name,), int(supervised.crash_loop)) for name, supervised in known],
    )
    yield Measured(
        "authz_child_heartbeat_age_seconds",
        "Seconds since a child process last gave a sign of life.",
        ("child",),
        [((name,), max(0.0, now - report.heartbeat_at)) for name, report in reports],
    )
    yield Measured(
        "authz_child_connections",
        "Connections that a child process has open.",
        ("child",),
        [((name,), report.connections) for name, report in reports],
    )
    yield Measured(
        "authz_child_state",
        "How far a child process is: 1 for the state it is in.",
        ("child", "state"),
        [((name, state.name.lower()), int(report.state is state)) for name, report in reports for state in State],
    )


def is_up(child: Child) -> bool:
    """Say whether a child runs and says that it is ready."""
    running = child.supervised is not None and child.supervised.pid is not None
    return running and child.report is not None and child.report.state is State.READY


def is_resting(child: Child) -> bool:
    """Say whether a child does not run, and is not to for now."""
    return child.supervised is not None and child.supervised.resting


def of_supervisor(overall: Overall | None, now: float) -> Iterator[Measured]:
    """Yield how the supervisor is; without samples where that is unknown."""
    known = [overall] if overall else []
    yield Measured(
        "authz_supervisor_heartbeat_age_seconds",
        "Seconds since the supervisor last gave a sign of life.",
        (),
        [((), max(0.0, now - one.heartbeat_at)) for one in known],
    )
    yield Measured(
        "authz_draining", "Whether the sidecar is on its way out.", (), [((), int(one.draining)) for one in known]
    )
    yield Measured(
        "authz_trust_generation",
        "Number of the configuration that is in force, from 1 on.",
        (),
        [((), one.generation) for one in known],
    )
