"""Keys are rotated and minting processes killed under load: not one request fails, and each assertion verifies."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import jwt
import pytest

from sidecar.demo.workspace import CONFIGURATION, Workspace
from sidecar.keys.signing import generate
from support.asserting import ASSERTION, HEADER, first_key, ids, put_keys, verified
from support.load import Load
from support.processes import eventually
from support.sidecars import Sidecar
from support.stacks import MODES, running_stack

CONFIG = CONFIGURATION.replace("listen: false", 'listen: "127.0.0.1:0"') + ASSERTION
#: One token in so many is new.
NEW = 10


def _requests(workspace: Workspace) -> Callable[[int], bytes]:
    known = [workspace.token(jti=str(number)) for number in range(50)]

    def request(number: int) -> bytes:
        token = workspace.token(jti=f"new-{number}") if number % NEW == 0 else known[number % len(known)]
        return f"GET /orders/1 HTTP/1.1\r\nhost: a.example\r\nauthorization: Bearer {token}\r\n\r\n".encode()

    return request


@dataclass
class Verifier:
    """Fetches the key set again and again, and verifies what the upstream got with the last one."""

    sidecar: Sidecar
    problems: list[str] = field(default_factory=list)
    signed_by: Counter[str] = field(default_factory=Counter)
    document: str = ""

    def __enter__(self) -> Self:
        """Begin to fetch."""
        self.fetch()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def fetch(self) -> list[str]:
        """Fetch it now, and return the key ids."""
        self.document = self.sidecar.get("/.well-known/jwks.json")[1]
        return ids(self.document)

    def look(self, body: bytes) -> None:
        """Verify one answer of the echoing upstream."""
        found = [value for name, value in json.loads(body)["headers"] if name.lower() == HEADER]
        if len(found) != 1:
            self.problems.append(f"{len(found)} assertions")
            return
        try:
            verified(found[0], self.document)
        except (jwt.PyJWTError, KeyError) as error:
            self.problems.append(repr(error))
        self.signed_by[jwt.get_unverified_header(found[0])["kid"]] += 1

    def _follow(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self.fetch()
            except OSError as error:
                self.problems.append(repr(error))


def _is_signing(verifier: Verifier, load: Load, key_id: str) -> bool:
    """Say whether the key has signed some, and the load has gone on."""
    return verifier.signed_by[key_id] > 50 and not load.statuses.keys() - {"200"}


@pytest.mark.timeout(240)
def test_rotation_under_load(mode: Mapping[str, str]) -> None:
    """Two rotations with overlap: each assertion verifies with the key set as it was fetched at that time."""
    environment = {"AUTHZ_JWT_PROCESSOR_WORKERS": "2", **mode}
    keys = [generate() for _ in range(4)]
    names = [key.key_id for key in keys]
    with running_stack(
        CONFIG, environment, lambda folder: put_keys(folder, keys[0], keys[1]), timeout_seconds=5.0
    ) as stack:
        sidecar, folder = Sidecar(stack.workspace, stack.sidecar), stack.workspace.folder
        assert eventually(sidecar.is_ready), sidecar.printed()
        with (
            Verifier(sidecar) as verifier,
            Load(stack.envoy.port, _requests(stack.workspace), look=verifier.look) as load,
        ):
            assert verifier.fetch() == names[:2]
            assert eventually(partial(_is_signing, verifier, load, names[0])), load.statuses
            for turn in (1, 2):
                put_keys(folder, keys[turn], keys[turn + 1], keys[turn - 1])
                expected = {*names[turn - 1 : turn + 2]}
                assert eventually(partial(_publishes, verifier, expected)), sidecar.printed()
                assert eventually(partial(_is_signing, verifier, load, names[turn])), load.statuses
                # The last assertion of the key before the last one: nobody sends it any more.
                assert eventually(partial(_has_ended, verifier, load, names[turn - 1]), 60)
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        assert verifier.problems == []
        assert "was not published before" not in sidecar.printed()


def _publishes(verifier: Verifier, names: set[str]) -> bool:
    return set(verifier.fetch()) == names


def _has_answered(load: Load, least: int) -> bool:
    return load.answered > least


def _has_ended(verifier: Verifier, load: Load, key_id: str) -> bool:
    before, answered = verifier.signed_by[key_id], load.answered
    assert eventually(lambda: load.answered > answered + 300)
    return verifier.signed_by[key_id] == before


@pytest.mark.timeout(240)
@pytest.mark.parametrize("several", ["several", "grpcio"])
def test_minting_processes_are_killed_under_load(several: str) -> None:
    """Each minting process is killed in turn, and both at once: every request is answered, with an assertion."""
    environment = {"AUTHZ_JWT_PROCESSOR_WORKERS": "2", **MODES[several]}
    with running_stack(CONFIG, environment, first_key, timeout_seconds=5.0) as stack:
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert eventually(sidecar.is_ready), sidecar.printed()
        with (
            Verifier(sidecar) as verifier,
            Load(stack.envoy.port, _requests(stack.workspace), look=verifier.look) as load,
        ):
            for names in (["minter-0"], ["minter-1"], ["minter-0", "minter-1"]):
                before = load.answered
                assert eventually(partial(_has_answered, load, before + 300))
                for name, pid in [(name, sidecar.kill(name)) for name in names]:
                    assert eventually(partial(_is_replaced, sidecar, name, pid)), sidecar.printed()
                assert eventually(sidecar.is_ready), sidecar.printed()
            before = load.answered
            assert eventually(lambda: load.answered > before + 300)
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        assert verifier.problems == []


def _is_replaced(sidecar: Sidecar, name: str, old: int) -> bool:
    try:
        return sidecar.pid(name) != old
    except ProcessLookupError:
        return False


def test_key_that_is_taken_away(mode: Mapping[str, str]) -> None:
    """Where a key is replaced without overlap, what it signed is not sent any more, cached or not."""
    new = generate()
    with running_stack(CONFIG, mode, first_key, timeout_seconds=5.0) as stack:
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert eventually(sidecar.is_ready), sidecar.printed()
        with (
            Verifier(sidecar) as verifier,
            Load(stack.envoy.port, _requests(stack.workspace), look=verifier.look) as load,
        ):
            (old,) = verifier.fetch()
            assert eventually(partial(_is_signing, verifier, load, old))
            put_keys(stack.workspace.folder, new)
            assert eventually(partial(_is_signing, verifier, load, new.key_id))
            assert eventually(partial(_has_ended, verifier, load, old), 5), verifier.signed_by
            load.finish()
        assert set(load.statuses) == {"200"}, load.statuses
        assert "was not published before" in sidecar.printed()
