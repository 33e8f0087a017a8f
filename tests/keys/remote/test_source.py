"""One issuer's key set over time, with a clock and a provider of the test's own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sidecar.keys.remote.client import Access
from sidecar.keys.remote.fetch import Fetched, Place, Validator
from sidecar.keys.remote.held import Held
from sidecar.keys.remote.schedule import Pace
from sidecar.keys.remote.source import Source, World, file_of_authorities
from sidecar.keys.remote.trouble import FetchError, Trouble

_PACE = Pace(min_refresh=60.0, max_refresh=900.0, max_stale=3600.0, refetch_interval=10.0)
_PLACE = Place("https://idp.example", None)
_ACCESS = Access(timeout=1.0, max_bytes=1)


@dataclass
class Scene:
    """A source in a world where time passes when it is told to."""

    held: Held = field(default_factory=Held)
    now: float = 1000.0
    document: bytes | None = b"good"
    error: Exception | None = None
    fetches: int = 0
    changes: int = 0
    gate: asyncio.Event | None = None
    had: list[Validator] = field(default_factory=list)
    authorities: str | None = "first"

    def __post_init__(self) -> None:
        """Make the source."""
        world = World(
            clock=lambda: self.now, chance=lambda: 1.0, fetch=self._fetch, authorities=lambda _access: self.authorities
        )
        self.source = Source(
            _PLACE, _ACCESS, _PACE, check=self._check, changed=self._changed, held=self.held, world=world
        )

    async def _fetch(self, _place: Place, _access: Access, had: Validator) -> Fetched:
        self.fetches += 1
        self.had.append(had)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Fetched(self.document, Validator("u", f"e{self.fetches}"), None, 5.0)

    @staticmethod
    def _check(document: bytes) -> None:
        if not document.startswith(b"good"):
            raise ValueError("no key that can be used")

    def _changed(self) -> None:
        self.changes += 1

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something with it, in a loop."""

        async def all_of_it() -> None:
            async with asyncio.timeout(60):
                await work()
            await self.source.close()

        asyncio.run(all_of_it())

    def fetch(self) -> None:
        """Have it fetch once."""
        self.run(self.source.fetch)

    def follow(self, seconds: float, step: float = 1.0) -> None:
        """Have it follow for so many seconds of its own clock."""

        async def work() -> None:
            end = self.now + seconds
            while self.now < end:
                following = asyncio.ensure_future(self.source.follow())
                for _ in range(10):
                    await asyncio.sleep(0)
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                self.now += step

        self.run(work)


def test_good_document_is_held() -> None:
    """What was fetched and is good is held, as of when it was asked for."""
    scene = Scene()
    scene.fetch()
    assert scene.source.held == Held(b"good", 1000.0)
    assert (scene.changes, scene.source.record.results["replaced"]) == (1, 1)
    assert scene.source.record.certificate_expires_at == 5.0


@pytest.mark.parametrize("document", [b"", b"{}", b"bad"])
def test_bad_document_does_not_replace_a_good_one(document: bytes) -> None:
    """Empty or malformed never takes the place of good, and counts as a failure."""
    scene = Scene()
    scene.fetch()
    scene.document = document
    scene.fetch()
    assert scene.source.held == Held(b"good", 1000.0)
    assert scene.source.record.failures == 1
    assert scene.source.record.results["malformed"] == 1
    assert "no key that can be used" in scene.source.record.trouble


@pytest.mark.parametrize("error", [FetchError(Trouble.STATUS, "500"), RuntimeError("a fault")])
def test_failure_keeps_the_last_good_one(error: Exception) -> None:
    """Whatever goes wrong, the last good keys stay, and the next success mends it."""
    scene = Scene()
    scene.fetch()
    scene.error = error
    scene.fetch()
    scene.fetch()
    assert scene.source.held.document == b"good"
    assert scene.source.record.failures == 2
    scene.error = None
    scene.fetch()
    assert (scene.source.record.failures, scene.source.record.trouble) == (0, "")


def test_not_modified_confirms() -> None:
    """An issuer that says nothing has changed confirms what is held; the ETag it gave is what it is asked with."""
    scene = Scene()
    scene.fetch()
    scene.now, scene.document = 1500.0, None
    scene.fetch()
    assert scene.source.held == Held(b"good", 1500.0)
    assert scene.source.record.results["same"] == 1
    assert [had.etag for had in scene.had] == ["", "e1"]


def test_keys_that_are_not_confirmed_are_dropped() -> None:
    """After ``max_stale`` without a confirmation there are no keys; a later success brings them back."""
    scene = Scene()
    scene.fetch()
    scene.error = FetchError(Trouble.TIMEOUT, "late")
    scene.follow(3599.0, step=30.0)
    assert scene.source.held.document == b"good"
    scene.follow(120.0, step=30.0)
    assert scene.source.held == Held(None, 1000.0)
    scene.error = None
    scene.follow(100.0)
    assert scene.source.held.document == b"good"
    assert scene.had[-1] == Validator(), "what was dropped is not what a 304 may confirm"


def test_what_another_control_held_goes_stale_as_well() -> None:
    """A source that begins with keys of its predecessor counts their age on."""
    scene = Scene(held=Held(b"good", 1000.0 - 3600.0), error=FetchError(Trouble.TIMEOUT, "late"))
    scene.follow(1.0)
    assert scene.source.held.document is None


def test_refresh_is_ahead_of_the_end() -> None:
    """It is fetched at once, and again before ``max_refresh`` is over, where nothing says how long it is fresh."""
    scene = Scene()
    scene.follow(900.0)
    assert scene.fetches == 2


@pytest.mark.parametrize(("seconds", "due"), [(30.0, 825.0), (2000.0, 1.0)])
def test_refresh_of_a_slow_issuer(seconds: float, due: float) -> None:
    """The time that an answer took is part of its age; of one that took longer than it is fresh for there is a rest."""
    scene = Scene()

    async def work() -> None:
        scene.gate = asyncio.Event()
        fetching = asyncio.ensure_future(scene.source.fetch())
        for _ in range(3):
            await asyncio.sleep(0)
        scene.now += seconds
        scene.gate.set()
        await fetching

    scene.run(work)
    assert scene.source._due - scene.now == pytest.approx(due)


def test_back_off() -> None:
    """Failures are tried again after 1, 2, 4 … 60 s: not even an hour of them is a flood."""
    scene = Scene(error=FetchError(Trouble.UNREACHABLE, "refused"))
    scene.follow(3600.0)
    assert 55 <= scene.fetches <= 70


def test_one_fetch_for_all_who_wait() -> None:
    """Whoever asks while a fetch is under way waits for that one."""
    scene = Scene()

    async def work() -> None:
        scene.gate = asyncio.Event()
        waiting = [asyncio.ensure_future(scene.source.refetch()) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting[0].cancel()
        scene.gate.set()
        await asyncio.gather(*waiting, return_exceptions=True)

    scene.run(work)
    assert scene.fetches == 1
    assert scene.source.held.document == b"good"


def test_refetch_is_limited() -> None:
    """However often it is asked to, it fetches once an interval, also where fetching fails."""
    for error in (None, FetchError(Trouble.STATUS, "500")):
        scene = Scene(error=error)

        async def work(scene: Scene = scene) -> None:
            for _ in range(1000):
                await scene.source.refetch()
                scene.now += 0.1

        scene.run(work)
        assert scene.fetches == 10


def test_interval_begins_when_a_fetch_is_over() -> None:
    """An issuer that takes longer than the interval has its rest all the same, before it is asked again."""
    scene = Scene()

    async def work() -> None:
        scene.gate = asyncio.Event()
        first = asyncio.ensure_future(scene.source.refetch())
        for _ in range(3):
            await asyncio.sleep(0)
        scene.now += 60.0
        scene.gate.set()
        await first
        assert scene.source.held == Held(b"good", 1000.0), "as of when it was asked for, however long it took"
        assert scene.source.refetch_in() == 10.0
        scene.now += 9.9
        await scene.source.refetch()
        assert scene.fetches == 1
        scene.now += 0.2
        await scene.source.refetch()
        assert scene.fetches == 2

    scene.run(work)


@pytest.mark.parametrize("error", [None, FetchError(Trouble.TLS, "unknown CA")])
def test_other_authorities(error: Exception | None) -> None:
    """With another file of CAs keys are fetched at once and in full, and once; those that there are stay meanwhile."""
    scene = Scene()
    scene.follow(10.0)
    assert scene.fetches == 1
    scene.authorities, scene.error = "second", error
    scene.follow(0.5)
    assert scene.fetches == 2
    assert scene.had == [Validator(), Validator()], "not to be confirmed by a 304"
    assert scene.source.held.document == b"good"


def test_authorities_that_come_back_while_fetching_fails() -> None:
    """Nobody waits for the end of the back-off once the file of CAs was mended."""
    scene = Scene(authorities=None, error=FetchError(Trouble.TLS, "ca_file"))
    scene.follow(200.0)
    scene.authorities, scene.error = "mended", None
    scene.follow(1.0)
    assert scene.source.held.document == b"good"


def test_authorities_that_change_while_a_fetch_is_under_way() -> None:
    """What comes of a fetch that began under the old ones is not the end of it."""
    scene = Scene()

    async def work() -> None:
        scene.gate = asyncio.Event()
        following = asyncio.ensure_future(scene.source.follow())
        for _ in range(5):
            await asyncio.sleep(0)
        assert scene.fetches == 1
        scene.authorities, scene.document = "second", b"good, and another"
        scene.gate.set()
        while scene.fetches < 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert scene.fetches == 2
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    scene.run(work)


def test_file_of_authorities(tmp_path: Path) -> None:
    """It has changed if its content, or what a link leads to, has; one that is not there is like none."""
    file, link = tmp_path / "ca.pem", tmp_path / "link"
    access = Access(timeout=1.0, max_bytes=1, ca_file=link)
    link.symlink_to(file)
    looks = [file_of_authorities(_ACCESS), file_of_authorities(access)]
    assert looks == [None, None]
    for name, text in (("ca.pem", "a"), ("ca.pem", "ab"), ("other.pem", "ab")):
        (tmp_path / name).write_text(text, encoding="ascii")
        link.unlink()
        link.symlink_to(tmp_path / name)
        looks.append(file_of_authorities(access))
        assert looks[-1] == file_of_authorities(access)
    assert len({*looks}) == 4


def test_steps_of_the_wall_clock_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a day forth nor a year back in wall-clock time makes keys stale, or keeps stale ones."""
    from sidecar.keys.remote.clock import boot_clock  # noqa: PLC0415 - the real one, here alone

    before = boot_clock()
    for step in (86400.0, -365 * 86400.0):
        real = time.time()
        monkeypatch.setattr(time, "time", lambda real=real, step=step: real + step)
        assert before <= boot_clock() < before + 60


def test_log_says_the_same_thing_seldom(caplog: pytest.LogCaptureFixture) -> None:
    """A hundred failures of one kind are a few lines, with the issuer and what is wrong."""
    scene = Scene(error=FetchError(Trouble.STATUS, "https://idp.example/jwks: answers 500"))
    for _ in range(100):
        scene.fetch()
    lines = [record for record in caplog.records if "keys not fetched" in record.getMessage()]
    assert len(lines) == 7
    assert "https://idp.example" in lines[0].getMessage()
