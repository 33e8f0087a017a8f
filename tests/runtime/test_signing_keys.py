"""Who has the signing key, and what becomes of a wrong one."""

import base64
import json
import re
import signal
from pathlib import Path

import pytest

from sidecar.demo.process import ProcessError
from sidecar.keys.signing import generate
from support.asserting import ASSERTION, first_key, ids, put_keys
from support.processes import eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

CONFIG = CONFIGURATION + ASSERTION
HEADER = "x-auth-assertion"


def _has(pid: int, secrets: list[bytes]) -> bool:
    """Say whether any of ``secrets`` is in the memory of a process, whatever it is there for."""
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        place = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
        if place is None:
            continue
        start, end = (int(text, 16) for text in place.groups())
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(start)
            try:
                found = memory.read(end - start)
            except OSError:
                continue
        if any(secret in found for secret in secrets):
            return True
    return False


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_minting_processes_alone_have_the_key(short_folder: Path, method: str) -> None:
    """The private key is in the memory of no other process, whatever is signed, reloaded and replaced meanwhile."""
    environment = {"AUTHZ_PROCESS_START_METHOD": method}
    with running_sidecar(short_folder, CONFIG, environment, first_key) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        member = json.loads((short_folder / "keys/current.jwk").read_text(encoding="utf-8"))["d"]
        secrets = [member.encode(), base64.urlsafe_b64decode(member + "=")]
        assert sidecar.check(sidecar.addresses[0]).header(HEADER)
        old = sidecar.kill("minter-0")
        assert eventually(lambda: _is_another(sidecar, "minter-0", old))
        sidecar.process.signal(signal.SIGHUP)
        assert sidecar.check(sidecar.addresses[1]).header(HEADER)
        minter = sidecar.pid("minter-0")
        try:
            assert _has(minter, secrets)
        except PermissionError:
            pytest.skip("nobody may look into the memory of other processes here")
        assert [pid for pid in (sidecar.process.pid, *sidecar.pids()) if _has(pid, secrets)] == [minter]


def _is_another(sidecar: Sidecar, name: str, old: int) -> bool:
    try:
        return sidecar.pid(name) != old
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("multiprocessing", ["true", "false"])
def test_start_without_a_key(short_folder: Path, multiprocessing: str) -> None:
    """Without a key that signs nothing is started, and the message names the file."""
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": multiprocessing}
    with (
        pytest.raises(ProcessError, match=r"cannot sign: .*keys/current\.jwk: No such file or directory") as failed,
        running_sidecar(short_folder, CONFIG, environment),
    ):
        pass
    assert "ended with 3" in str(failed.value)


def test_wrong_new_key_is_refused(short_folder: Path) -> None:
    """Files that cannot be used leave the old keys in force, say so once, and count as soon as they are repaired."""
    with running_sidecar(short_folder, CONFIG, {}, first_key) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        before = sidecar.get("/.well-known/jwks.json")[1]
        key = generate()
        put_keys(short_folder, key, key)
        assert eventually(lambda: "new signing keys refused, the old ones stay" in sidecar.printed())
        assert sidecar.check(sidecar.addresses[0]).header(HEADER)
        assert sidecar.get("/.well-known/jwks.json")[1] == before
        put_keys(short_folder, key)
        assert eventually(lambda: ids(sidecar.get("/.well-known/jwks.json")[1]) == [key.key_id])
        assert sidecar.printed().count("new signing keys refused") == 1
        assert str(key.private_jwk()["d"]) not in sidecar.printed()


def test_what_signs_cannot_be_reloaded(short_folder: Path) -> None:
    """What is asserted can change while processes run; with which keys cannot."""
    with running_sidecar(short_folder, CONFIG, {}, first_key) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        config = sidecar.workspace.config
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("keys/next.jwk", "keys/other.jwk"), encoding="utf-8")
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: "assertion: cannot change while processes run" in sidecar.printed())
        config.write_text(text.replace("orders-service", "other-service"), encoding="utf-8")
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()


def test_key_set_says_how_long_it_may_be_kept(short_folder: Path) -> None:
    """Control that is killed publishes the same key set again; there is none where nothing is asserted."""
    with running_sidecar(short_folder, CONFIG, {}, first_key) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        before = sidecar.get("/.well-known/jwks.json")
        old = sidecar.kill("control")
        assert eventually(lambda: _is_another(sidecar, "control", old))
        assert eventually(sidecar.is_ready), sidecar.printed()
        assert sidecar.get("/.well-known/jwks.json") == before
    folder = short_folder / "without"
    folder.mkdir()
    with running_sidecar(folder) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        assert sidecar.get("/.well-known/jwks.json")[0] == 404
