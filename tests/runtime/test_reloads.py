"""When the configuration is read anew, and what is done about failures: one loop, and files, without processes."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import read_unverified, sign
from sidecar.demo.workspace import prepare
from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.loading.load import load_configuration
from sidecar.loading.snapshot import take_snapshot
from sidecar.observe.series import RELOAD, Reload
from sidecar.runtime.control import watch
from sidecar.runtime.control.reload import Reading, ReloadError, read_again
from sidecar.runtime.control.watch import Reloads
from support.boards import Shared, shared
from support.bundles import NAME, allow, content


class Scene:
    """A configuration in force, and what is applied of later ones."""

    def __init__(self, folder: Path, board: Shared, more: str = "", bundle: HeldBundle | None = None) -> None:
        self.workspace = prepare(folder)
        self.add(more)
        snapshot, self.loaded = take_snapshot(load_configuration(self.workspace.config, {}), held_bundle=bundle)
        self.applied: list[Reading] = []
        self.failures_to_come = 0
        self._board = board
        self.reloads = Reloads(self.workspace.config, snapshot, self.loaded, self._apply, board.table.row(0))

    async def _apply(self, reading: Reading) -> None:
        if self.failures_to_come:
            self.failures_to_come -= 1
            raise OSError("no more descriptors")
        self.applied.append(reading)

    def refused(self) -> int:
        """Return how often a configuration was counted as refused."""
        return self._board.table.totals().counters[RELOAD[Reload.REFUSED]]

    def new_keys(self, name: str = "jwks.json") -> None:
        """Write another key set."""
        (self.workspace.folder / name).write_text(key_set_document([generate()]), encoding="utf-8")

    def add(self, text: str) -> None:
        """Write more at the end of the configuration."""
        with self.workspace.config.open("a", encoding="utf-8") as file:
            file.write(text)

    def run(self, until: Callable[[], bool], *, asked: bool) -> None:
        """Watch and work until something is so."""

        async def work() -> None:
            tasks = [asyncio.ensure_future(one()) for one in (self.reloads.watch, self.reloads.work)]
            if asked:
                self.reloads.ask()
            async with asyncio.timeout(60):
                while not until():  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.001)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(work())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Return it, in a world where nobody waits for long."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.005)
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.001)
    with shared() as board:
        yield Scene(tmp_path, board)


def test_failure_is_tried_again(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be applied is applied as soon as that is possible, though nobody asks and no file changes."""
    scene.new_keys()
    scene.failures_to_come = 3
    seen: list[bool] = []

    def is_over() -> bool:
        seen.append(scene.reloads.ok)
        return bool(scene.applied) and scene.reloads.ok

    scene.run(is_over, asked=True)
    assert not all(seen)
    assert caplog.text.count("reload failed") == 3
    assert scene.reloads.trust.digest == scene.applied[0].loaded.trust.digest != scene.loaded.trust.digest
    assert scene.refused() == 3


def test_reading_that_failed_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could not be read for a moment is read again, though it has not changed."""
    scene.new_keys()
    left = [ReloadError("Input/output error", fingerprint([scene.workspace.config]))] * 3

    def read(*given: Any, **more: Any) -> Reading:  # noqa: ANN401 - whatever it is read with
        if left:
            raise left.pop()
        return read_again(*given, **more)

    monkeypatch.setattr(watch, "read_again", read)
    scene.run(lambda: bool(scene.applied), asked=True)
    assert scene.refused() == 1


def test_same_refusal_is_told_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong is logged and counted once, however often it is read."""
    readings = []

    def read(*given: Any, **more: Any) -> Reading:  # noqa: ANN401 - whatever it is read with
        readings.append(given)
        return read_again(*given, **more)

    monkeypatch.setattr(watch, "read_again", read)
    scene.workspace.config.write_text("broken: [", encoding="utf-8")
    scene.run(lambda: len(readings) > 5, asked=True)
    assert caplog.text.count("is not YAML") == 1
    assert scene.refused() == 1


@pytest.fixture
def never_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - after it, which says otherwise
    """Have nothing tried again for want of success: what happens anyway does for another reason."""
    monkeypatch.setattr(watch, "RETRY_SECONDS", 1e6)
    monkeypatch.setattr(watch, "LONGEST_RETRY_SECONDS", 1e6)


@pytest.mark.usefixtures("never_again")
def test_file_of_a_refused_configuration_is_watched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the key set that a new configuration names is mended, and nothing else, that is noticed."""
    looks, reading = 0, False

    def look(files: Iterable[Path]) -> Fingerprint:
        nonlocal looks
        looks = 0 if reading else looks + ("refused" in caplog.text)
        if looks == 10:  # nobody reads any more
            assert scene.applied == []
            scene.new_keys("new.json")
        return fingerprint(files)

    def read(*given: Any, **more: Any) -> Reading:  # noqa: ANN401 - whatever it is read with
        nonlocal reading
        reading = True
        try:
            return read_again(*given, **more)
        finally:
            reading = False

    monkeypatch.setattr(watch, "fingerprint", look)
    monkeypatch.setattr(watch, "read_again", read)
    (scene.workspace.folder / "new.json").write_text("{", encoding="utf-8")
    text = scene.workspace.config.read_text(encoding="utf-8")
    scene.workspace.config.write_text(text.replace("jwks.json", "new.json"), encoding="utf-8")
    scene.run(lambda: bool(scene.applied), asked=True)
    assert scene.reloads.snapshot.values == scene.applied[0].snapshot.values


@pytest.mark.usefixtures("never_again")
def test_change_while_it_is_read_is_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written again while it is being read is read once more, though nobody looked then."""

    def look(files: Iterable[Path]) -> Fingerprint:
        return fingerprint(files) if scene.applied else scene.reloads._seen

    def read(*given: Any, **more: Any) -> Reading:  # noqa: ANN401 - whatever it is read with
        reading = read_again(*given, **more)
        if not scene.applied:
            scene.new_keys()
        return reading

    monkeypatch.setattr(watch, "read_again", read)
    monkeypatch.setattr(watch, "fingerprint", look)
    scene.new_keys()
    scene.run(lambda: len(scene.applied) > 1, asked=True)


@pytest.mark.usefixtures("never_again")
def test_what_is_in_force_is_not_applied_again(scene: Scene) -> None:
    """A file that was only touched is read, and nothing comes of it."""
    scene.workspace.config.touch()
    before = scene.reloads._seen
    scene.run(lambda: scene.reloads._seen != before, asked=False)
    assert scene.applied == []


def test_mode_is_part_of_what_is_watched(scene: Scene) -> None:
    """A file that becomes readable has changed: ``chmod`` touches neither its size nor its modification time."""
    config = scene.workspace.config
    before = fingerprint([config])
    config.chmod(0o600 if config.stat().st_mode & 0o777 != 0o600 else 0o640)
    assert fingerprint([config]) != before
    assert fingerprint([config.with_name("none")]) == {config.with_name("none"): None}


_SIGNER = generate("signer")


def _bundle(version: int, *policies: str, key: SigningKey = _SIGNER) -> HeldBundle:
    allowing = [one for name in policies for one in allow("/" + name, name=name)["policies"]]  # type: ignore[union-attr]
    now = boot_clock()
    return HeldBundle(sign(content(version, {"policies": allowing}), key), now, now + 1000)


def _version(applied: Reading) -> int:
    assert applied.snapshot.bundle is not None
    return read_unverified(applied.snapshot.bundle.compact).version


@pytest.fixture
def crossed(scene: Scene, tmp_path: Path) -> Iterator[Scene]:  # noqa: ARG001 - after it, which says how long to wait
    """Return a scene in which a bundle has come that fitted what was there, and does not fit what has come since."""
    keys = json.dumps([_SIGNER.public_jwk()])
    more = f"policy_bundle: {{url: 'https://policies.example/b', name: {NAME}, public_keys: {keys}}}\n"
    folder = tmp_path / "crossed"
    folder.mkdir()
    with shared() as board:
        found = Scene(folder, board, more, _bundle(1, "first"))
        assert found.reloads.fetching.bundle is not None
        found.reloads.fetching.bundle.held = _bundle(2, found.loaded.settings.policies[0].name)
        yield found


def test_bundle_that_waits_keeps_no_file_out(crossed: Scene) -> None:
    """A bundle that cannot come into force is told of; what the files have besides, such as denials, is taken."""
    config = crossed.workspace.config
    config.write_text(config.read_text("utf-8").replace("/public/*", "/another"), encoding="utf-8")
    crossed.run(lambda: bool(crossed.applied) and crossed.refused() == 1, asked=True)
    (applied,) = crossed.applied
    assert [operation.paths for operation in applied.loaded.settings.public] == [["/another"]]
    assert _version(applied) == 1


def test_bundle_that_waits_comes_with_files_that_fit(crossed: Scene) -> None:
    """Where the files are mended for it, it comes into force with them."""
    config, name = crossed.workspace.config, crossed.loaded.settings.policies[0].name
    crossed.run(lambda: crossed.refused() == 1, asked=True)
    config.write_text(config.read_text("utf-8").replace(f"name: {name}\n", "name: renamed\n"), encoding="utf-8")
    crossed.run(lambda: bool(crossed.applied), asked=True)
    assert _version(crossed.applied[0]) == 2


def test_places_of_what_is_in_force(crossed: Scene) -> None:
    """Where policies are written is known once the files were read here; those of a bundle are its own."""
    config = crossed.workspace.config
    assert set(crossed.reloads.places()) == {"first"}
    crossed.run(lambda: crossed.refused() == 1, asked=True)
    before = crossed.reloads.places()
    assert before["first"].policy == f"policy bundle {NAME}, version 1"
    names = [policy.name for policy in crossed.loaded.settings.policies]
    assert [name for name in names if not before[name].policy.startswith(f"{config}:")] == ["first"]
    config.write_text(
        "# One line more.\n" + config.read_text("utf-8").replace("/public/*", "/another"), encoding="utf-8"
    )
    crossed.run(lambda: bool(crossed.applied), asked=True)
    after = crossed.reloads.places()
    (own, *_) = (name for name in names if name != "first")
    assert int(after[own].policy.split(":")[1]) == int(before[own].policy.split(":")[1]) + 1
