"""Before a process says it is ready it has verified once, and decoded the keys there are; so it has at a reload."""

import json
import os
import signal
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.demo.process import Process
from sidecar.demo.workspace import prepare
from support.keypairs import Pair, pair
from support.processes import eventually, name_of
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")
_WATCHED = Path(__file__).parent / "programs" / "watched"
#: A key of each family; that of Ed25519 is used as it is.
_FIRST = [pair(Algorithm.RS256, "rsa"), pair(Algorithm.ES256, "ec"), pair(Algorithm.EDDSA, "ed")]
_SECOND = [*_FIRST, pair(Algorithm.ES384, "new"), pair(Algorithm.RS256, "newer", owner="second")]


def _environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join((str(_WATCHED), os.environ.get("PYTHONPATH", "")))
    # Spawned: under fork the children would have the keys that the supervisor decoded.
    return {"PYTHONPATH": path, "AUTHZ_PROCESS_START_METHOD": "spawn", **more}


@pytest.mark.parametrize(
    ("name", "multiprocessing"),
    [("authz-server-0", "true"), ("authz-verifier-", "true"), (Path(sys.executable).name[:15], "false")],
)
def test_process_that_verifies_wrongly_is_never_ready(short_folder: Path, name: str, multiprocessing: str) -> None:
    """A server, a verifier or the single process with a library that does not work ends, and says why."""
    workspace = prepare(short_folder, CONFIGURATION)
    command = [sys.executable, "-m", "sidecar", "serve", "--config", str(workspace.config)]
    more = {"AUTHZ_ENABLE_MULTIPROCESSING": multiprocessing, "WATCHED_BROKEN": name}
    with Process(command, short_folder / "sidecar.log", _environment(**more)) as process:
        assert eventually(lambda: "verification of EdDSA does not work" in process.printed(), 60), process.printed()
        assert not Sidecar(workspace, process).is_ready()


@pytest.mark.parametrize("multiprocessing", ["true", "false"])
def test_keys_are_decoded_before_a_check_needs_them(short_folder: Path, multiprocessing: str) -> None:
    """Without a single check every server has decoded all keys, and those of a reload before it is in force."""
    environment = _environment(AUTHZ_ENABLE_MULTIPROCESSING=multiprocessing)
    text = CONFIGURATION.replace("jwks.json", "keys.json")
    _write(short_folder / "keys.json", _FIRST)
    with running_sidecar(short_folder, text, environment) as sidecar:
        assert eventually(sidecar.is_ready, 60), sidecar.printed()
        names = ["authz-server-0", "authz-server-1"] if multiprocessing == "true" else [name_of(sidecar.process.pid)]
        for name in names:
            assert _decoded(sidecar.printed(), name) >= _digests(_FIRST), sidecar.printed()
        _write(short_folder / "keys.json", _SECOND)
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: "new configuration in force" in sidecar.printed(), 60), sidecar.printed()
        before, _, _ = sidecar.printed().partition("new configuration in force")
        for name in names:
            assert _decoded(before, name) >= _digests(_SECOND), sidecar.printed()


def _write(file: Path, keys: list[Pair]) -> None:
    file.write_text(json.dumps({"keys": [key.jwk for key in keys]}), encoding="utf-8")


def _decoded(printed: str, name: str) -> set[str]:
    return {line.rpartition(" ")[2] for line in printed.splitlines() if line.startswith(f"decoded by {name}: ")}


def _digests(keys: list[Pair]) -> set[str]:
    return {sha256(key.public.material).hexdigest() for key in keys if key.algorithm is not Algorithm.EDDSA}
