"""Whose bundles are believed, over time: keys that are taken out, stolen ones, and files that are broken."""

import asyncio
from pathlib import Path

import pytest

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import read_unverified, sign
from sidecar.keys.remote.fetch import Fetched, Validator
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.runtime.control import bundle as module
from sidecar.runtime.control.bundle import PolicyBundle
from sidecar.settings.policy_bundle import PolicyBundleSettings
from support.bundles import NAME, allow, content

_FIRST, _SECOND = generate("first"), generate("second")
_LARGEST = 2**53 - 1
_BROKEN = [None, "", '{"keys": [', "[]", '{"keys": [{"kty": "OKP"}]}']


class Scene:
    """A sidecar's bundle, the file of its signers, and what the server has. Each look is one at all of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "signers.json"
        self.believe(_FIRST, _SECOND)
        self.published = b""
        self.folder = folder
        self.bundle: PolicyBundle
        monkeypatch.setattr(module, "fetch", self._fetch)
        self.start()

    async def _fetch(self, *_: object) -> Fetched:
        return Fetched(self.published, Validator(), None, None)

    def start(self, held: HeldBundle | None = None) -> None:
        """Begin, or take over with what is held."""
        settings = PolicyBundleSettings.model_validate(
            {"url": "https://policies.example/b", "name": NAME, "keys_file": self.file.name}
        )
        self.bundle = PolicyBundle(settings, self.folder, held, lambda _: None, lambda: None)

    def believe(self, *keys: SigningKey) -> None:
        """Write whose signatures are believed."""
        self.write(key_set_document(list(keys)))

    def write(self, text: str | None) -> None:
        """Write the file of signers, or remove it."""
        self.file.unlink(missing_ok=True)
        if text is not None:
            self.file.write_text(text, encoding="utf-8")

    def look(self, version: int | None = None, key: SigningKey = _FIRST) -> int | None:
        """Publish a bundle, if one is given; look at all, and return the version that is in force."""
        if version is not None:
            self.published = sign(content(version, allow(f"/{version}")), key)
        asyncio.run(self.bundle.source.fetch())
        held = self.bundle.held
        return read_unverified(held.compact).version if held is not None and self.bundle.in_force else None

    @property
    def condition(self) -> tuple[bool, str]:
        """Return what /readyz says."""
        (found,) = self.bundle.conditions()
        return found.ok, found.reason


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return one."""
    return Scene(tmp_path, monkeypatch)


def test_emptied(scene: Scene) -> None:
    """A file without any key says that nobody is believed: what is in force ends, and it is told why."""
    assert scene.look(1) == 1
    scene.write('{"keys": []}')
    assert scene.look(2) is None
    ok, reason = scene.condition
    assert not ok
    assert "version 1 is out of force" in reason
    assert "signers.json lists no key" in reason
    scene.believe(_FIRST)
    assert scene.look() == 2


@pytest.mark.parametrize("text", _BROKEN)
def test_broken(scene: Scene, text: str | None) -> None:
    """What is in force stays, unconfirmed, and nothing new is taken; it is told, and over when the file is mended."""
    assert scene.look(1) == 1
    before = scene.bundle.held
    scene.write(text)
    assert scene.look(2) == 1
    assert scene.bundle.held == before
    ok, reason = scene.condition
    assert ok
    assert "signers.json: " in reason
    assert "the keys that were read last stay" in reason
    assert scene.bundle.facts().failures == 1
    scene.believe(_FIRST)
    assert scene.look() == 2
    assert scene.condition == (True, "version 2")


@pytest.mark.parametrize("text", [*_BROKEN, '{"keys": []}'])
def test_never_read(scene: Scene, text: str | None) -> None:
    """Who takes over while nobody can read the keys leaves what is in force as it is; of an empty set nobody is."""
    assert scene.look(1) == 1
    scene.write(text)
    scene.start(scene.bundle.held)
    assert scene.look(2) == (None if text == '{"keys": []}' else 1)
    assert "has nobody whose signature is believed" in scene.condition[1]


def test_stolen_key(scene: Scene) -> None:
    """The largest number there is, signed with a stolen key, keeps nothing out once that key is taken out."""
    assert scene.look(41, _SECOND) == 41
    assert scene.look(_LARGEST, _FIRST) == _LARGEST
    assert scene.look(42, _SECOND) == _LARGEST
    assert f"older than {_LARGEST}" in scene.condition[1]
    scene.believe(_SECOND)
    assert scene.look() == 42
    assert scene.look(41, _SECOND) == 42
    assert "older than 42" in scene.condition[1]


def test_stolen_key_and_a_new_control(scene: Scene) -> None:
    """Who takes over knows of each signer what it has signed: nothing older comes back."""
    assert scene.look(41, _SECOND) == 41
    assert scene.look(_LARGEST, _FIRST) == _LARGEST
    scene.start(scene.bundle.held)
    scene.believe(_SECOND)
    assert scene.look(40, _SECOND) is None
    assert "older than 41" in scene.condition[1]
    assert scene.look(41, _SECOND) == 41
    scene.believe(_FIRST, _SECOND)
    assert scene.look(42, _SECOND) == 41
    assert f"older than {_LARGEST}" in scene.condition[1]
