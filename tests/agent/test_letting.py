"""Who is let: by what its process says that it wants, and by what others have. Without processes."""

import errno
import logging
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from sidecar.http.address import parse
from sidecar.runtime.agent import readers
from sidecar.runtime.agent.agent import Agent, Orders
from sidecar.runtime.agent.care import Care
from sidecar.runtime.agent.readers import MOST_SLOW, SLOW_SECONDS
from sidecar.runtime.agent.starting import Places
from sidecar.runtime.agent.tenancy import (
    AGAIN_SECONDS,
    LAST_SECONDS,
    SILENT_SECONDS,
    START_SECONDS,
    Phase,
    Tenancy,
)
from sidecar.runtime.agent.wants import BEAT, GO, REFUSED, Wants


@dataclass
class _Root:
    """In a process's place. ``theirs`` is its end."""

    pid: int = 1
    killed: int = 0
    ended: bool = False
    watch: int = -1
    signals: list[signal.Signals] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel.setblocking(False)  # noqa: FBT003 - positional only
        self.theirs.settimeout(5)

    def kill(self) -> None:
        self.killed += 1

    def signal(self, number: signal.Signals) -> None:
        self.signals.append(number)

    def has_ended(self) -> bool:
        return self.ended

    def bury(self) -> int:
        self.channel.close()
        self.theirs.close()
        return 0


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Any]:
    """Yield an agent that starts nothing; its desk is at port 9190."""
    made = cast("Any", Agent(Orders(Places(tmp_path, tmp_path, tmp_path), parse("0.0.0.0:9190"), 64)))
    yield made
    for tenant in made._tenants.values():
        for root in tenant.roots:
            root.bury()
    made._hearing.close()
    made._signals.close()
    made._signals_end.close()


def _loading(agent: Any, name: str, *addresses: str) -> tuple[Tenancy, _Root]:  # noqa: ANN401 - its inside
    root = _Root()
    tenant = Tenancy(name, Path("/nowhere"))
    tenant.began(cast("Any", root), 0.0)
    agent._tenants[name] = tenant
    if addresses:
        root.theirs.send(Wants(addresses, "shape", 3.0).encode())
    return tenant, root


def test_let_once_it_has_said_what_it_wants(agent: Any) -> None:  # noqa: ANN401 - its inside
    """Not before: a process that says nothing stays where it is."""
    tenant, root = _loading(agent, "a.one")
    agent._see_to(tenant, 1.0)
    assert agent._tenants["a.one"].phase is Phase.LOADING
    root.theirs.send(Wants(("127.0.0.1:9443",), "shape", 3.0).encode())
    agent._see_to(tenant, 1.0)
    assert tenant.phase is Phase.SERVING
    assert root.theirs.recv(16) == GO


@pytest.mark.parametrize("wanted", ["10.0.0.1:9443", "[::]:9443", "127.0.0.1:9190", "unix:/run/a/s"])
def test_addresses_of_others(agent: Any, wanted: str, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ANN401 - as above
    """The second that wants a port or path is ended unheard, and tried again later; the first does not notice.

    So it is for one who drains: until it has ended its addresses are its own.
    """
    first, _ = _loading(agent, "a.one", "0.0.0.0:9443", "unix:/run/a/s")
    agent._see_to(first, 1.0)
    first.drain(1.0)
    second, root = _loading(agent, "a.two", wanted)
    with caplog.at_level(logging.ERROR):
        agent._see_to(second, 1.0)
    assert "is that of" in caplog.text
    assert (second.phase, root.killed, second.next_start_at) == (Phase.REFUSED, 1, 1.0 + AGAIN_SECONDS)
    root.theirs.setblocking(False)  # noqa: FBT003 - positional only
    with pytest.raises(BlockingIOError):
        root.theirs.recv(16)
    assert first.phase is Phase.DRAINING


_PORT_ALONE = b'{"addresses": [":1"], "shape": "", "grace": 1, "beats": true}'


@pytest.mark.parametrize("said", [b"go", b"{}", _PORT_ALONE, b"\xff" * 9])
def test_nonsense(agent: Any, said: bytes) -> None:  # noqa: ANN401 - as above
    """Whatever says something else is killed, and not let."""
    tenant, root = _loading(agent, "a.one")
    root.theirs.send(said)
    agent._see_to(tenant, 1.0)
    assert (tenant.phase, root.killed) == (Phase.LOADING, 1)
    assert agent._tenants["a.one"].addresses == ()


def test_too_slow(agent: Any) -> None:  # noqa: ANN401 - as above
    """One that does not come to read its configuration is killed; one that drains, when its grace is over."""
    tenant, root = _loading(agent, "a.one")
    agent._see_to(tenant, 59.0)
    assert root.killed == 0
    agent._see_to(tenant, 61.0)
    assert root.killed == 1
    other, root = _loading(agent, "a.two", "127.0.0.1:9443")
    agent._see_to(other, 1.0)
    other.drain(10.0)
    assert root.signals == [signal.SIGTERM]
    agent._see_to(other, 10.0 + 3.0 + LAST_SECONDS - 0.1)
    assert root.killed == 0
    agent._see_to(other, 10.0 + 3.0 + LAST_SECONDS)
    assert root.killed == 1


def _end(agent: Any, tenant: Tenancy, root: _Root, now: float) -> None:  # noqa: ANN401 - its inside
    root.ended = True
    agent._see_to(tenant, now)


def test_a_port_stays_with_one_that_died(agent: Any) -> None:  # noqa: ANN401 - its inside
    """While it waits for its next start, and reads, another that wants its port is refused as before."""
    first, root = _loading(agent, "a.one", "0.0.0.0:9443")
    agent._see_to(first, 1.0)
    _end(agent, first, root, 2.0)
    assert (first.phase, first.root) == (Phase.WAITING, None)
    second, other = _loading(agent, "a.two", "0.0.0.0:9443")
    agent._see_to(second, 3.0)
    assert (second.phase, other.killed) == (Phase.REFUSED, 1)
    again = _Root()
    first.began(cast("Any", again), 4.0)
    third, other = _loading(agent, "a.three", "0.0.0.0:9443")
    agent._see_to(third, 4.0)
    assert (third.phase, other.killed) == (Phase.REFUSED, 1)
    again.theirs.send(Wants(("0.0.0.0:9444",), "shape", 3.0).encode())
    agent._see_to(first, 5.0)
    assert (first.phase, first.addresses) == (Phase.SERVING, ("0.0.0.0:9444",))


def test_a_port_is_free_once_its_tenant_is_refused(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Nobody knows any more which one it wants."""
    first, root = _loading(agent, "a.one", "0.0.0.0:9443")
    agent._see_to(first, 1.0)
    _end(agent, first, root, 2.0)
    again = _Root()
    monkeypatch.setattr(again, "bury", lambda: REFUSED)
    first.began(cast("Any", again), 3.0)
    _end(agent, first, again, 3.0)
    assert (first.phase, first.addresses) == (Phase.REFUSED, ())
    again.channel.close()
    again.theirs.close()


def _tried(agent: Any, tenant: Tenancy, *addresses: str) -> _Root:  # noqa: ANN401 - its inside
    candidate = _Root()
    tenant.tries(cast("Any", candidate), 2.0)
    tenant.doubted = {}
    candidate.theirs.send(Wants(addresses, "another shape", 3.0).encode())
    agent._see_to(tenant, 2.0)
    assert candidate.killed
    return candidate


def test_a_change_to_another_s_port_ends_nobody(agent: Any, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ANN401
    """Who serves goes on serving where it does, and the other as well; it is told, and there stay doubts."""
    first, _ = _loading(agent, "a.one", "0.0.0.0:9443")
    second, root = _loading(agent, "a.two", "0.0.0.0:9444")
    for tenant in (first, second):
        agent._see_to(tenant, 1.0)
    with caplog.at_level(logging.ERROR):
        _tried(agent, second, "0.0.0.0:9443")
    assert "a.two: stays as it is: port 9443 is that of a.one" in caplog.text
    assert (second.phase, root.signals, second.doubted) == (Phase.SERVING, [], {})


def test_a_change_has_its_new_port_from_then_on(agent: Any) -> None:  # noqa: ANN401 - its inside
    """Both are its own while it drains: the old one until it has ended, the new one for its next start."""
    tenant, root = _loading(agent, "a.one", "0.0.0.0:9443")
    agent._see_to(tenant, 1.0)
    _tried(agent, tenant, "0.0.0.0:9444")
    assert (tenant.phase, root.signals, tenant.doubted) == (Phase.DRAINING, [signal.SIGTERM], None)
    assert tenant.addresses == ("0.0.0.0:9443", "0.0.0.0:9444")


@pytest.fixture
def started(agent: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:  # noqa: ANN401 - its inside
    """Return the names of those who begin to read, as they do."""
    names: list[str] = []

    def start(tenant: Tenancy) -> _Root:
        names.append(tenant.name)
        return _Root()

    monkeypatch.setattr(agent._readers, "started", start)
    return names


def test_a_change_that_was_wrong_is_read_again(
    agent: Any,  # noqa: ANN401 - its inside
    started: list[str],
    tmp_path: Path,
) -> None:
    """When any file of its folder changes (a key came after the configuration that names it), and after a minute."""
    tenant, _ = _loading(agent, "a.one", "0.0.0.0:9443")
    tenant.folder = tmp_path
    (tmp_path / "authz.yaml").write_text("a", encoding="utf-8")
    agent._see_to(tenant, 1.0)
    for change, now, count in (
        (lambda: None, 10.0, 1),
        (lambda: None, 11.0, 1),
        (lambda: (tmp_path / "late.pem").write_text("a", encoding="utf-8"), 20.0, 2),
        (lambda: None, 21.0, 2),
        (lambda: None, 22.0 + AGAIN_SECONDS, 3),
    ):
        change()
        agent._readers.look_again(tenant, now)
        assert len(started) == count
        if tenant.candidate is not None:
            candidate = cast("Any", tenant.candidate)
            candidate.ended = True
            agent._see_to(tenant, now)
            candidate.theirs.close()


def test_changes_of_all_are_read_two_at_a_time(agent: Any, started: list[str], tmp_path: Path) -> None:  # noqa: ANN401
    """Each takes as much memory as another tenant."""
    for number in range(5):
        tenant, _ = _loading(agent, f"a.t{number}", f"0.0.0.0:{9443 + number}")
        tenant.folder = tmp_path
        agent._see_to(tenant, 1.0)
    (tmp_path / "authz.yaml").write_text("a", encoding="utf-8")
    for tenant in agent._tenants.values():
        agent._readers.look_again(tenant, 2.0)
    assert started == ["a.t0", "a.t1"]


def test_those_that_hang_keep_nobody_waiting(agent: Any, started: list[str]) -> None:  # noqa: ANN401 - its inside
    """For ten seconds each, and no more than some at a time; and who has waited longest is next."""
    for number in range(5):
        agent._tenants[f"hangs{number}"] = Tenancy(f"hangs{number}", Path("/nowhere"))
    agent._readers.start_due(1.0)
    assert started == ["hangs0", "hangs1"]
    agent._tenants["good"] = Tenancy("good", Path("/nowhere"), next_start_at=-1.0)
    agent._readers.start_due(5.0)
    assert len(started) == 2
    agent._readers.start_due(1.0 + SLOW_SECONDS)
    assert started[2:] == ["good", "hangs2"]
    agent._readers.start_due(2.0 + 2 * SLOW_SECONDS)
    assert len(started) == 4
    assert MOST_SLOW == 4


def test_fault_of_one(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - as above
    """A fault of ours in seeing to one tenant ends that one, and the others are seen to."""
    tenant, root = _loading(agent, "a.one", "127.0.0.1:9443")
    other, _ = _loading(agent, "a.two", "127.0.0.1:9444")
    see_to = Care.see_to

    def faulty(self: Care, one: Tenancy, now: float, awake_since: float) -> None:
        if one is tenant:
            raise RuntimeError("a fault")
        see_to(self, one, now, awake_since)

    monkeypatch.setattr(Care, "see_to", faulty)
    monkeypatch.setattr(agent, "_look", lambda _: None)
    monkeypatch.setattr(agent._desk, "turn", lambda *_: None)
    agent._turn(1.0)
    assert root.killed == 1
    assert other.phase is Phase.SERVING


def test_heart_of_a_single_process(agent: Any) -> None:  # noqa: ANN401 - as above
    """It is killed when it has said nothing for too long since its start or last beat, and the agent was awake."""
    tenant, root = _loading(agent, "a.one")
    root.theirs.send(Wants(("127.0.0.1:9443",), "shape", 3.0, beats=True).encode())
    agent._see_to(tenant, 1.0)
    agent._see_to(tenant, 1.0 + START_SECONDS)
    for _ in range(3):
        root.theirs.send(BEAT)
    agent._see_to(tenant, 100.0)
    agent._see_to(tenant, 100.0 + SILENT_SECONDS)
    assert root.killed == 0
    agent._awake_since = 110.0
    agent._see_to(tenant, 110.0 + SILENT_SECONDS)
    assert root.killed == 0
    agent._see_to(tenant, 110.1 + SILENT_SECONDS)
    assert root.killed == 1


def test_heart_of_several(agent: Any) -> None:  # noqa: ANN401 - as above
    """They have a supervisor: nobody waits for a beat of theirs."""
    tenant, root = _loading(agent, "a.one", "127.0.0.1:9443")
    agent._see_to(tenant, 1.0)
    agent._see_to(tenant, 10_000.0)
    assert root.killed == 0


def test_one_that_cannot_be_watched(
    agent: Any,  # noqa: ANN401 - its inside
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The kernel has no room for another descriptor to watch: it is ended, the agent goes on, and tries again later."""
    root = _Root()
    root.watch = root.theirs.fileno()
    registered: list[object] = []

    def register(end: object) -> None:
        if registered:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        registered.append(end)

    monkeypatch.setattr(readers, "start_tenant", lambda *_, **__: root)
    monkeypatch.setattr(agent._hearing, "listen_to", register)
    tenant = agent._tenants["a.one"] = Tenancy("a.one", Path("/nowhere"))
    with caplog.at_level(logging.ERROR):
        agent._readers.start_due(1.0)
    assert registered == [root.watch]
    assert "a.one cannot be started" in caplog.text
    assert (tenant.phase, tenant.root, root.killed, tenant.restarts) == (Phase.WAITING, None, 1, 1)
    assert root.channel.fileno() == -1
    assert tenant.next_start_at is not None


def test_desk_at_a_port_that_nobody_knows_yet(tmp_path: Path) -> None:
    """It is no tenant's, whichever it will be: the others are judged among themselves."""
    made = cast("Any", Agent(Orders(Places(tmp_path, tmp_path, tmp_path), parse("0.0.0.0:0"), 64)))
    tenant, root = _loading(made, "a.one", "127.0.0.1:9443")
    made._see_to(tenant, 1.0)
    assert tenant.phase is Phase.SERVING
    root.bury()
    for one in (made._hearing, made._signals, made._signals_end):
        one.close()
