"""Who is let: by what its process says that it wants, and by what others have. Without processes."""

import logging
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from sidecar.runtime.agent.agent import Agent, Orders
from sidecar.runtime.agent.starting import Places
from sidecar.runtime.agent.tenancy import (
    AGAIN_SECONDS,
    LAST_SECONDS,
    SILENT_SECONDS,
    START_SECONDS,
    Phase,
    Tenancy,
)
from sidecar.runtime.agent.wants import BEAT, GO, Wants


@dataclass
class _Root:
    """In a process's place. ``theirs`` is its end."""

    pid: int = 1
    killed: int = 0
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
        return False

    def bury(self) -> int:
        self.channel.close()
        self.theirs.close()
        return 0


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Any]:
    """Yield an agent that starts nothing; its desk is at port 9190."""
    made = cast("Any", Agent(Orders(Places(tmp_path, tmp_path, tmp_path), "0.0.0.0:9190", 64)))
    yield made
    for tenant in made._tenants.values():
        tenant.root.bury()
    made._selector.close()
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


def test_fault_of_one(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - as above
    """A fault of ours in seeing to one tenant ends that one, and the others are seen to."""
    tenant, root = _loading(agent, "a.one", "127.0.0.1:9443")
    other, _ = _loading(agent, "a.two", "127.0.0.1:9444")
    see_to = Agent._see_to

    def faulty(self: Agent, one: Tenancy, now: float) -> None:
        if one is tenant:
            raise RuntimeError("a fault")
        see_to(self, one, now)

    monkeypatch.setattr(Agent, "_see_to", faulty)
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
