"""A configuration on its way to all servers: whose answers are believed, and what the supervisor is told."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.loading.confirmation import GoodUntil, decode
from sidecar.memory.segment import Segment
from sidecar.placement.plan import ANYWHERE
from sidecar.runtime.control import conversation, rollout
from sidecar.runtime.control import messages as control_messages
from sidecar.runtime.control.conversation import Conversation, Participant
from sidecar.runtime.control.messages import Messages
from sidecar.runtime.control.rollout import Desired, Rollout, SupervisorError
from sidecar.runtime.control.rotation import KeyUses
from sidecar.runtime.ipc.blob import load, store, take
from sidecar.runtime.ipc.channel import Channel, Kind, Message, close_all, pair
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.runtime.ipc.handles import Handle

OLD, NEW = b"o" * 32, b"n" * 32
ANSWERS = {Kind.PREPARE: Kind.PREPARED, Kind.COMMIT: Kind.COMMITTED}


class Server:
    """The other end of a participant. ``speaks_as``: the incarnation in its answers; ``there``: that on the board."""

    def __init__(self, stack: ExitStack, index: int, speaks_as: int = 1) -> None:
        ours, theirs = (stack.enter_context(end) for end in pair())
        self.there, self.speaks_as = 1, speaks_as
        self.heard: list[Message] = []
        self.times: GoodUntil = {}
        self.participant = Participant(index, f"server-{index}", Channel(ours), lambda: self.there)
        self._channel = Channel(theirs)

    def turn(self) -> None:
        """Hear what there is, and answer as a server does."""
        while (message := self._channel.receive()) is not None:
            if message.kind is Kind.CONFIRMED:
                self.times = decode(take(Handle(message.descriptors[0])))
            else:
                close_all(message.descriptors)
            self.heard.append(message)
            self.answer(message)

    def answer(self, message: Message) -> None:
        """Answer one message."""
        if message.kind in ANSWERS:
            self.participant.hear(Message(ANSWERS[message.kind], message.generation, self.speaks_as, NEW))

    @property
    def kinds(self) -> list[Kind]:
        """Return what it was asked."""
        return [message.kind for message in self.heard]


class Scene:
    """Two servers, and the supervisor's end."""

    def __init__(self, stack: ExitStack) -> None:
        ours, theirs = (stack.enter_context(end) for end in pair())
        self.control, self.supervisor = Channel(ours), Channel(theirs)
        self.servers = [Server(stack, index) for index in (1, 2)]
        self.rollout = Rollout([one.participant for one in self.servers], self.control)
        self.told: list[tuple[Kind, int, int]] = []
        self.kept: list[bytes] = []
        self.rollout.begin(Desired(store(b"old"), OLD))
        stack.callback(self._close)

    async def apply(self, held: Segment, *, supervisor_hears: bool = True, good_until: GoodUntil | None = None) -> None:
        """Apply, while servers and supervisor do their part."""
        task = asyncio.ensure_future(self.rollout.apply(Desired(held, NEW, good_until or {})))
        while not task.done():
            for server in self.servers:
                server.turn()
            if supervisor_hears:
                self.hear()
            await asyncio.sleep(0)
        self.hear()
        task.result()

    def hear(self) -> None:
        """Hear what the supervisor is told."""
        while (message := self.supervisor.receive()) is not None:
            for fd in message.descriptors:
                with Handle(fd).open() as kept:
                    self.kept.append(load(kept))
            self.told.append((message.kind, message.generation, message.incarnation))

    def _close(self) -> None:
        assert self.rollout._desired is not None
        self.rollout._desired.held.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return it."""
    with ExitStack() as stack:
        yield Scene(stack)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give servers and the supervisor next to no time."""
    for name in ("PREPARE_SECONDS", "COMMIT_SECONDS"):
        monkeypatch.setattr(conversation, name, 0.05)
    monkeypatch.setattr(rollout, "TELL_AGAIN_SECONDS", 0.001)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give servers all the time there is: what ends anyway did not end by that."""
    for name in ("PREPARE_SECONDS", "COMMIT_SECONDS"):
        monkeypatch.setattr(conversation, name, 1e6)


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.mark.usefixtures("endless")
def test_all_change_over(scene: Scene) -> None:
    """Both are asked to prepare, then the supervisor keeps it, then both change over; nobody is replaced."""
    _run(lambda: scene.apply(store(b"new")))
    assert [one.kinds for one in scene.servers] == [[Kind.PREPARE, Kind.COMMIT]] * 2
    assert (scene.told, scene.kept) == ([(Kind.KEEP, 1, 0)], [b"new"])


@pytest.mark.usefixtures("impatient")
def test_same_trust_is_kept_for_those_to_come(scene: Scene) -> None:
    """A snapshot under which all decide already goes to the supervisor alone, and is what control has from then on."""
    _run(lambda: scene.apply(store(b"new")))
    asked = [server.kinds for server in scene.servers]
    _run(lambda: scene.apply(store(b"newer, and the same")))
    assert [server.kinds for server in scene.servers] == asked
    assert scene.kept == [b"new", b"newer, and the same"]
    # What was confirmed is no new generation.
    assert scene.told == [(Kind.KEEP, 1, 0), (Kind.KEEP, 0, 0)]
    assert scene.rollout._desired is not None
    assert load(scene.rollout._desired.held) == b"newer, and the same"


@pytest.mark.usefixtures("impatient")
def test_same_keys_that_were_confirmed(scene: Scene) -> None:
    """All servers are told until when keys are good that they have already, and nobody makes a Trust of that anew."""
    _run(lambda: scene.apply(store(b"new")))
    _run(lambda: scene.apply(store(b"newer"), good_until={"https://idp.example": 7.5}))
    for server in scene.servers:
        server.turn()
        assert server.kinds == [Kind.PREPARE, Kind.COMMIT, Kind.CONFIRMED]
        assert (server.heard[-1].digest, server.times) == (NEW, {"https://idp.example": 7.5})


@pytest.mark.usefixtures("impatient")
def test_servers_hear_of_confirmed_keys_though_the_supervisor_hears_nothing(scene: Scene) -> None:
    """A supervisor that takes no messages keeps no server from learning that its keys were confirmed."""
    _run(lambda: scene.apply(store(b"new")))
    while scene.control.send(Message(Kind.WHO)):
        pass
    with pytest.raises(SupervisorError):
        _run(lambda: scene.apply(store(b"newer"), supervisor_hears=False, good_until={"https://idp.example": 7.5}))
    assert [server.times for server in scene.servers] == [{"https://idp.example": 7.5}] * 2


def test_server_that_asks_is_told_until_when_its_keys_are_good(scene: Scene) -> None:
    """Whoever says HELLO under the Trust in force is told what it may have missed."""
    scene.rollout.begin(Desired(store(b"new"), NEW, {"https://idp.example": 7.5}))
    server = scene.servers[0]
    _run(lambda: scene.rollout.reconcile(server.participant, Message(Kind.HELLO, 0, 1, NEW)))
    server.turn()
    assert (server.kinds, server.times) == ([Kind.CONFIRMED], {"https://idp.example": 7.5})


@pytest.mark.parametrize("speaks_as", [2, 4])
def test_answer_of_another_incarnation_is_not_believed(scene: Scene, speaks_as: int) -> None:
    """What a predecessor, or successor, of the one that was asked says is no answer; the one asked is replaced."""
    scene.servers[1].there, scene.servers[1].speaks_as = 3, speaks_as
    _run(lambda: scene.apply(store(b"new")))
    assert scene.servers[1].kinds == [Kind.PREPARE]
    assert scene.told == [(Kind.KEEP, 1, 0), (Kind.REPLACE, 2, 3)]


@pytest.mark.usefixtures("endless")
def test_who_is_not_known_is_whoever_answers(scene: Scene) -> None:
    """Where the board does not say who is there, it is the one that answers."""
    scene.servers[0].there, scene.servers[0].speaks_as = 0, 7
    _run(lambda: scene.apply(store(b"new")))
    assert scene.told == [(Kind.KEEP, 1, 0)]


@pytest.mark.usefixtures("endless")
def test_successor_s_hello_ends_the_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once another one is there nobody waits for the one that was asked; the other is asked, or replaced."""
    server = scene.servers[1]

    def answer(message: Message) -> None:
        if len(server.heard) == 1:
            server.participant.hear(Message(Kind.HELLO, 0, 2, OLD))
        else:
            server.participant.hear(Message(Kind.REFUSED, message.generation, 2, text="no"))

    monkeypatch.setattr(server, "answer", answer)
    _run(lambda: scene.apply(store(b"new")))
    assert scene.told == [(Kind.KEEP, 1, 0), (Kind.REPLACE, 2, 2)]


def test_no_two_questions_are_alike(scene: Scene) -> None:
    """Each question has a number that never comes again, and begins with no answer to another one."""
    one = scene.servers[0].participant
    one.hear(Message(Kind.COMMITTED, 1, 1, NEW))
    talks = [Conversation(one) for _ in range(100)]
    assert one.answers.empty()
    assert len({talk._generation for talk in talks}) == 100


def test_unasked_answers_are_not_piled_up(scene: Scene) -> None:
    """However much is said that nobody asked for, little of it is kept, and that is the last of it."""
    one = scene.servers[0].participant
    for number in range(1000):
        one.hear(Message(Kind.HELLO, number))
    assert one.answers.qsize() < 100
    assert [one.answers.get_nowait().generation for _ in range(one.answers.qsize())][-1] == 999


@pytest.mark.usefixtures("endless")
def test_busy_supervisor_is_told_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the supervisor's socket did not take is sent again, until it has it; nobody changes over before."""
    while scene.control.send(Message(Kind.WHO)):
        pass
    send, taken = scene.control.send, list[bool]()

    def noting(message: Message) -> bool:
        taken.append(send(message))
        return taken[-1]

    monkeypatch.setattr(scene.control, "send", noting)

    async def work() -> None:
        applying = asyncio.ensure_future(scene.apply(store(b"new"), supervisor_hears=False))
        while not taken:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        assert (taken, scene.servers[0].kinds) == ([False], [Kind.PREPARE])
        scene.hear()
        await applying

    _run(work)
    assert [told for told in scene.told if told[0] is not Kind.WHO] == [(Kind.KEEP, 1, 0)]
    assert scene.kept == [b"new"]


@pytest.mark.usefixtures("impatient")
def test_dead_supervisor_stops_it(scene: Scene) -> None:
    """Where the supervisor takes nothing, nobody changes over, and whoever asked for it hears of that."""
    while scene.control.send(Message(Kind.WHO)):
        pass
    held = store(b"new")
    with pytest.raises(SupervisorError, match="KEEP did not reach it"):
        _run(lambda: scene.apply(held, supervisor_hears=False))
    assert held.memory.closed
    assert [one.kinds for one in scene.servers] == [[Kind.PREPARE]] * 2
    assert scene.rollout._desired is not None
    assert scene.rollout._desired.digest == OLD


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize(("digest", "asked"), [(NEW, []), (OLD, [Kind.PREPARE, Kind.COMMIT])])
def test_server_that_started_with_the_old_one(scene: Scene, digest: bytes, asked: list[Kind]) -> None:
    """A server that says under what it serves is brought up to date if that is no longer in force."""
    server = scene.servers[0]

    async def work() -> None:
        await scene.apply(store(b"new"))
        server.heard.clear()
        await _reconciled(scene, server, Message(Kind.HELLO, 0, 1, digest))

    _run(work)
    assert server.kinds == asked


def _refusing(scene: Scene, kind: Kind) -> Callable[[Message], bool]:
    """Return a way of sending that sends no messages of one kind."""
    send = scene.control.send
    return lambda message: message.kind is not kind and send(message)


@pytest.mark.usefixtures("impatient")
def test_who_could_not_be_replaced_is_not_forgotten(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the supervisor took the new configuration, and then nothing more, whoever is behind is replaced later."""
    scene.servers[1].speaks_as = 9
    with monkeypatch.context() as busy:
        busy.setattr(scene.control, "send", _refusing(scene, Kind.REPLACE))
        _run(lambda: scene.apply(store(b"new")))
        assert (scene.rollout.behind, scene.told) == (["server-2"], [(Kind.KEEP, 1, 0)])
        _run(lambda: scene.apply(store(b"the same")))
        with pytest.raises(SupervisorError, match="REPLACE did not reach it"):
            _run(scene.rollout.finish)
    _run(scene.rollout.finish)
    scene.hear()
    assert (scene.rollout.behind, scene.told[-1]) == ([], (Kind.REPLACE, 2, 1))
    _run(scene.rollout.finish)
    scene.hear()
    assert [kind for kind, _, _ in scene.told].count(Kind.REPLACE) == 1


@pytest.mark.usefixtures("impatient")
def test_who_caught_up_is_not_replaced_any_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that changed over after all, before the supervisor took its replacement, is left alone."""
    server = scene.servers[1]
    server.speaks_as = 9

    async def work() -> None:
        with monkeypatch.context() as busy:
            busy.setattr(scene.control, "send", _refusing(scene, Kind.REPLACE))
            await scene.apply(store(b"new"))
        assert scene.rollout.behind == ["server-2"]
        server.speaks_as = 1
        await _reconciled(scene, server, Message(Kind.HELLO, 0, 1, OLD))

    _run(work)
    assert scene.rollout.behind == []
    assert [kind for kind, _, _ in scene.told] == [Kind.KEEP]


async def _reconciled(scene: Scene, server: Server, message: Message) -> None:
    task = asyncio.ensure_future(scene.rollout.reconcile(server.participant, message))
    while not task.done():
        server.turn()
        await asyncio.sleep(0)
    task.result()


@dataclass
class Dying:
    """A server that ends at its first question of ``kind``; its successor says HELLO with ``digest``, and serves.

    ``there`` is what the board says of it then.
    """

    server: Server
    kind: Kind
    digest: bytes
    there: int = 2
    has_died: bool = False

    def __call__(self, message: Message) -> None:
        """Answer, or die and say HELLO."""
        if self.has_died or message.kind is not self.kind:
            Server.answer(self.server, message)
            return
        self.has_died = True
        self.server.there, self.server.speaks_as = self.there, 2
        self.server.participant.hear(Message(Kind.HELLO, 0, 2, self.digest))


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("there", [1, 2])
def test_server_that_starts_while_others_are_asked(scene: Scene, monkeypatch: pytest.MonkeyPatch, there: int) -> None:
    """Whoever takes a server's place before anybody changed over changes over with all others, and is not replaced."""
    server = scene.servers[1]
    monkeypatch.setattr(server, "answer", Dying(server, Kind.PREPARE, OLD, there))
    _run(lambda: scene.apply(store(b"new")))
    assert server.kinds == [Kind.PREPARE, Kind.PREPARE, Kind.COMMIT]
    assert scene.servers[0].kinds == [Kind.PREPARE, Kind.COMMIT]
    assert scene.told == [(Kind.KEEP, 1, 0)]


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize(
    ("digest", "asked"),
    [(OLD, [Kind.PREPARE, Kind.COMMIT, Kind.PREPARE, Kind.COMMIT]), (NEW, [Kind.PREPARE, Kind.COMMIT])],
)
def test_server_that_starts_while_others_change_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, digest: bytes, asked: list[Kind]
) -> None:
    """A successor with the old one is told in the same rollout; one that started with the new one needs nothing."""
    server = scene.servers[1]
    monkeypatch.setattr(server, "answer", Dying(server, Kind.COMMIT, digest))
    _run(lambda: scene.apply(store(b"new")))
    assert server.kinds == asked
    assert (scene.told, scene.rollout.behind) == ([(Kind.KEEP, 1, 0)], [])


@pytest.mark.usefixtures("endless")
def test_server_that_ends_again_and_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never lives long enough to answer does not hold up the others for ever."""
    server = scene.servers[1]

    def die(_: Message) -> None:
        server.there += 1
        server.participant.hear(Message(Kind.HELLO, 0, server.there, OLD))

    monkeypatch.setattr(server, "answer", die)
    _run(lambda: scene.apply(store(b"new")))
    assert scene.servers[0].kinds == [Kind.PREPARE, Kind.COMMIT]
    assert server.kinds == [Kind.PREPARE] * rollout.INCARNATIONS
    assert scene.told == [(Kind.KEEP, 1, 0), (Kind.REPLACE, 2, rollout.INCARNATIONS)]


def test_control_tells_the_supervisor_until_it_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control goes on by itself until nobody is left who did not change over, whatever comes in between."""
    monkeypatch.setattr(control_messages, "FINISH_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(rollout, "TELLS", 1)
    with ExitStack() as stack:
        supervisor, theirs = (stack.enter_context(end) for end in pair())
        server, _ = (stack.enter_context(end) for end in pair())
        fleet = Fleet((Member(0, Role.SERVER, 0, ANYWHERE),), servers=1, verifiers=0, jwt_verifiers=0)
        messages = Messages((supervisor, server), fleet, lambda _index: 5)
        behind = Conversation(messages.rollout._participants[0])
        messages.rollout._behind = [behind]
        while Channel(supervisor).send(Message(Kind.WHO)):
            pass
        heard = Channel(theirs)

        async def work() -> Message:
            messages._see_to_the_end()
            messages._see_to_the_end()
            assert len(messages._under_way) == 1
            await asyncio.sleep(0.05)
            assert messages.rollout.behind == ["server-0"]
            async with asyncio.timeout(60):
                while True:
                    message = heard.receive()
                    if message is not None and message.kind is not Kind.WHO:
                        return message
                    await asyncio.sleep(0)

        message = asyncio.run(work())
        assert (message.kind, message.generation, message.incarnation) == (Kind.REPLACE, 0, 5)


def test_new_control_leaves_room_for_the_answer() -> None:
    """Whatever servers said while there was no control, they can answer its first question."""
    with ExitStack() as stack:
        supervisor, _ = (stack.enter_context(end) for end in pair())
        ours, theirs = (stack.enter_context(end) for end in pair())
        fleet = Fleet((Member(0, Role.SERVER, 0, ANYWHERE),), servers=1, verifiers=0, jwt_verifiers=0)
        server = Channel(theirs)
        while server.send(Message(Kind.REFETCH)):
            pass

        async def nothing(_digest: bytes) -> float:
            return 0.0

        async def work() -> None:
            Messages((supervisor, ours), fleet, lambda _index: 1).listen(nothing, KeyUses())
            asked = server.receive()
            assert asked is not None
            assert asked.kind is Kind.WHO
            assert server.send(Message(Kind.HELLO))

        asyncio.run(work())
