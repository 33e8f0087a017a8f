"""Which verifiers are wanted: told wishes and the time, without any process."""

from collections.abc import Iterable

import pytest

from sidecar.placement.plan import ANYWHERE
from sidecar.runtime.ipc.fleet import Member, Role
from sidecar.runtime.supervision.backoff import LOOP
from sidecar.runtime.supervision.crew import LEASE, Crew
from sidecar.runtime.supervision.launch import Running
from sidecar.runtime.supervision.life import Life
from sidecar.sizing.look import Bounds

BOUNDS = Bounds(1, 2, 4)


class Scene:
    """Four verifiers, of which two are wanted at the start; ``told`` are those whose line was written anew."""

    def __init__(self) -> None:
        self.lives = [Life(Member(1 + number, Role.VERIFIER, number, ANYWHERE)) for number in range(4)]
        self.told: list[int] = []
        self.crew = Crew(self.lives, BOUNDS, lambda life: self.told.append(life.member.number))
        self.start(0.0)

    def start(self, now: float) -> None:
        """Start those that are due, as the supervisor does."""
        for life in self.lives:
            if life.running is None and life.next_start_at is not None and life.next_start_at <= now:
                life.begin(now)
                life.running = Running(None, 100 + life.member.number, -1)  # type: ignore[arg-type]  # none there

    def leave(self, number: int, now: float) -> None:
        """Have one leave, as it was told to."""
        self.lives[number].running = None
        self.lives[number].rest(now)

    @property
    def running(self) -> list[int]:
        """Return who runs."""
        return _numbers(life for life in self.lives if life.running is not None)

    @property
    def to_go(self) -> list[int]:
        """Return who runs and is to leave."""
        return _numbers(life for life in self.lives if life.running is not None and not life.is_wanted)


def _numbers(lives: Iterable[Life]) -> list[int]:
    return [life.member.number for life in lives]


@pytest.fixture
def scene() -> Scene:
    """Return it."""
    return Scene()


def test_the_first_ones_run(scene: Scene) -> None:
    """At the start as many as are configured; the others rest, and say so."""
    assert scene.running == [0, 1]
    assert [life.supervised().resting for life in scene.lives] == [False, False, True, True]
    assert [life.supervised().restarts for life in scene.lives] == [0, 0, 0, 0]


def test_wishes_are_done(scene: Scene) -> None:
    """More are started, and of fewer the last ones are to leave; the same wish again changes nothing."""
    scene.crew.wish(4, 1.0)
    scene.start(1.0)
    assert scene.running == [0, 1, 2, 3]
    scene.told.clear()
    scene.crew.wish(4, 2.0)
    assert scene.told == []
    scene.crew.wish(1, 3.0)
    assert (scene.to_go, scene.running) == ([1, 2, 3], [0, 1, 2, 3])
    assert (scene.crew.wanted, scene.crew.grown, scene.crew.shrunk) == (1, 1, 1)


@pytest.mark.parametrize(("wish", "wanted"), [(0, 1), (5, 4), (1 << 63, 4), (2, 2)])
def test_out_of_bounds(scene: Scene, wish: int, wanted: int) -> None:
    """Whatever control says, there are as many as there may be."""
    scene.crew.wish(wish, 1.0)
    assert scene.crew.wanted == wanted


def test_who_left_rests_and_comes_back(scene: Scene) -> None:
    """One that has left is not started before it is wanted; that is no restart."""
    scene.crew.wish(1, 1.0)
    scene.leave(1, 2.0)
    scene.start(100.0)
    assert scene.running == [0]
    assert scene.lives[1].supervised().resting
    scene.crew.wish(2, 101.0)
    scene.start(101.0)
    assert scene.running == [0, 1]
    assert scene.lives[1].supervised().restarts == 0
    assert scene.lives[1].incarnation == 2


def test_wanted_again_before_it_has_left(scene: Scene) -> None:
    """One that leaves while it is wanted again is started at once."""
    scene.crew.wish(1, 1.0)
    scene.crew.wish(2, 2.0)
    assert scene.to_go == []
    scene.leave(1, 3.0)
    scene.start(3.0)
    assert scene.running == [0, 1]


def test_one_that_ends_before_it_left_is_started_again(scene: Scene) -> None:
    """Servers do not know yet that it is gone: it comes back, and is to leave then."""
    scene.crew.wish(1, 1.0)
    scene.lives[1].running = None
    scene.lives[1].plan_restart(2.0, 0.5)
    scene.start(2.0)
    assert scene.to_go == [1]
    assert scene.lives[1].supervised().restarts == 1
    scene.leave(1, 3.0)
    assert scene.lives[1].supervised().resting


def test_leaving_forgives_ends(scene: Scene) -> None:
    """A crash loop is over where it has left by its own word: a pod is not unready for one that does not run."""
    scene.crew.wish(1, 1.0)
    for _ in range(LOOP):
        scene.lives[1].plan_restart(1.0, 0.5)
    assert scene.lives[1].supervised().crash_loop
    scene.leave(1, 2.0)
    assert not scene.lives[1].supervised().crash_loop


def test_a_wish_that_nobody_repeats(scene: Scene) -> None:
    """It holds for a while; then there are as many as at the start, until somebody says so again."""
    scene.crew.wish(4, 10.0)
    scene.crew.look(0.0, 10.0 + LEASE)
    assert scene.crew.wanted == 4
    scene.crew.wish(4, 12.0)
    scene.crew.look(0.0, 10.5 + LEASE)
    assert scene.crew.wanted == 4
    scene.crew.look(0.0, 12.5 + LEASE)
    assert scene.crew.wanted == 2
    scene.crew.look(0.0, 1000.0)
    assert (scene.crew.wanted, scene.crew.grown, scene.crew.shrunk) == (2, 1, 1)
    scene.crew.wish(3, 1001.0)
    assert scene.crew.wanted == 3


def test_time_in_which_all_stood_still_does_not_count(scene: Scene) -> None:
    """After the machine stood still a wish holds as long again as ever: control stood still as well."""
    scene.crew.wish(4, 10.0)
    scene.crew.look(1000.0, 1000.0 + LEASE)
    assert scene.crew.wanted == 4
    scene.crew.look(1000.0, 1000.5 + LEASE)
    assert scene.crew.wanted == 2
