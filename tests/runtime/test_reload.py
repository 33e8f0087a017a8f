"""A new configuration while checks go on: all or nothing, and a wrong one changes nothing."""

import signal
import time
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sidecar.keys.signing import SigningKey, generate, key_set_document
from support.processes import eventually
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar

IN_FORCE = "new configuration in force"
REFUSED = "new configuration refused"


def _replace_keys(sidecar: Sidecar) -> None:
    """Put another key in place of that which signs the workspace's tokens, as Kubernetes would: by a rename."""
    fresh = sidecar.workspace.folder / "fresh.json"
    fresh.write_text(key_set_document([generate()]), encoding="utf-8")
    fresh.rename(sidecar.workspace.folder / "jwks.json")


def _reasons(sidecar: Sidecar) -> set[str]:
    return {sidecar.check(address).reason for address in sidecar.addresses}


@pytest.mark.parametrize("mode", ["true", "false"])
@pytest.mark.parametrize("trigger", ["signal", "file"])
def test_removed_key_is_refused_at_once(short_folder: Path, trigger: str, mode: str) -> None:
    """After a reload no server takes a token of a key that is gone, though all of them remembered it."""
    with running_sidecar(short_folder, environment={"AUTHZ_ENABLE_MULTIPROCESSING": mode}) as sidecar:
        assert eventually(sidecar.is_ready)
        assert _reasons(sidecar) == {"allowed"}
        _replace_keys(sidecar)
        if trigger == "signal":
            sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: IN_FORCE in sidecar.printed()), sidecar.printed()
        assert _reasons(sidecar) == {"unknown_key"}
        assert sidecar.metric('authz_trust_reloads_total{result="ok"}') == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("issuers: []\n", "issuers"),
        ("not yaml: [", "is not YAML"),
        (CONFIGURATION.replace("servers: 2", "servers: 3"), "servers: cannot change while processes run"),
        (CONFIGURATION.replace("jwks.json", "none.json"), "cannot be read"),
    ],
)
@pytest.mark.parametrize("mode", ["true", "false"])
def test_bad_configuration_changes_nothing(short_folder: Path, text: str, message: str, mode: str) -> None:
    """A configuration that is wrong, or needs a restart, is refused with the reason; the old stays in force."""
    with running_sidecar(short_folder, environment={"AUTHZ_ENABLE_MULTIPROCESSING": mode}) as sidecar:
        assert eventually(sidecar.is_ready)
        config = sidecar.workspace.config
        listen = sidecar.workspace.socket
        config.write_text(text.replace("{listen}", listen), encoding="utf-8")
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: REFUSED in sidecar.printed()), sidecar.printed()
        assert message in sidecar.printed()
        assert _reasons(sidecar) == {"allowed"}
        assert sidecar.metric('authz_trust_reloads_total{result="refused"}') >= 1


def test_pem_file_is_watched(short_folder: Path) -> None:
    """A public key in PEM is taken under the id that is configured, and another one in its place is noticed."""
    text = CONFIGURATION.replace("file: jwks.json", "pem_file: key.pem, key_id: mine")
    pem = short_folder / "key.pem"
    keys = [generate("mine"), generate("mine")]
    pem.write_bytes(_pem(keys[0]))
    with running_sidecar(short_folder, text) as sidecar:
        assert eventually(sidecar.is_ready)
        tokens = [sidecar.workspace.token(key) for key in keys]
        assert [sidecar.check(sidecar.addresses[0], token).reason for token in tokens] == ["allowed", "bad_signature"]
        pem.write_bytes(_pem(keys[1]))
        assert eventually(lambda: IN_FORCE in sidecar.printed()), sidecar.printed()
        assert [sidecar.check(sidecar.addresses[0], token).reason for token in tokens] == ["bad_signature", "allowed"]


def _pem(key: SigningKey) -> bytes:
    return key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_key_set_of_a_refused_configuration_is_watched(short_folder: Path) -> None:
    """Where a new configuration is refused for its key set, to mend that file alone is enough."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        folder, config = sidecar.workspace.folder, sidecar.workspace.config
        (folder / "new.json").write_text("{", encoding="utf-8")
        config.write_text(config.read_text(encoding="utf-8").replace("jwks.json", "new.json"), encoding="utf-8")
        assert eventually(lambda: REFUSED in sidecar.printed())
        (folder / "new.json").write_text(key_set_document([generate()]), encoding="utf-8")
        assert eventually(lambda: IN_FORCE in sidecar.printed()), sidecar.printed()
        assert _reasons(sidecar) == {"unknown_key"}


def test_policy_folder_is_watched(short_folder: Path) -> None:
    """A ConfigMap that is exchanged is noticed; one that is wrong is refused, and its policies stay in force."""
    mounted = short_folder / "policies"
    deny = "policies: [{name: no, action: deny, rules: [{to: [{operation: {paths: [/none]}}]}]}]"
    _mount(mounted, deny)
    with running_sidecar(short_folder, CONFIGURATION + "policy_folder: policies\n") as sidecar:
        assert eventually(sidecar.is_ready)
        assert _reasons(sidecar) == {"allowed"}
        _mount(mounted, deny.replace("/none", '"*"'))
        assert eventually(lambda: _reasons(sidecar) == {"denied_by_policy"}), sidecar.printed()
        _mount(mounted, "policies: [{")
        assert eventually(lambda: REFUSED in sidecar.printed()), sidecar.printed()
        assert _reasons(sidecar) == {"denied_by_policy"}


def _mount(folder: Path, text: str) -> None:
    """Put a file into a folder as kubelet does."""
    moment = folder / f"..{time.monotonic_ns()}"
    moment.mkdir(parents=True)
    (moment / "a.yaml").write_text(text, encoding="utf-8")
    (folder / "..new").symlink_to(moment.name)
    (folder / "..new").rename(folder / "..data")
    if not (folder / "a.yaml").is_symlink():
        (folder / "a.yaml").symlink_to("..data/a.yaml")


def test_server_that_is_held_back_is_replaced(short_folder: Path) -> None:
    """With one server stopped the others change over; the one that did not answer comes back with the new set."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        assert _reasons(sidecar) == {"allowed"}
        held = sidecar.kill("server-1", signal.SIGSTOP)
        _replace_keys(sidecar)
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: sidecar.check(sidecar.addresses[0]).reason == "unknown_key"), sidecar.printed()
        assert eventually(lambda: sidecar.is_ready() and sidecar.pid("server-1") != held)
        # One that began while the others were asked may have begun with the old set, and is asked next.
        assert eventually(lambda: _reasons(sidecar) == {"unknown_key"}), sidecar.printed()


def test_late_server_does_not_vouch_under_the_new_set(short_folder: Path) -> None:
    """What a server that is late wrote into shared memory is not believed by one that has changed over."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        fresh = [sidecar.workspace.token(jti=str(number)) for number in range(20)]
        assert {sidecar.check(sidecar.addresses[1], token).reason for token in fresh} == {"allowed"}
        _replace_keys(sidecar)
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: IN_FORCE in sidecar.printed())
        assert {sidecar.check(sidecar.addresses[0], token).reason for token in fresh} == {"unknown_key"}


def test_child_that_starts_later_has_what_is_in_force(short_folder: Path) -> None:
    """After a reload a server or control that is replaced has the new configuration, though the file is now bad."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        _replace_keys(sidecar)
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: IN_FORCE in sidecar.printed())
        sidecar.workspace.config.write_text("broken: [", encoding="utf-8")
        for name in ("control", "server-0"):
            gone = Path(f"/proc/{sidecar.kill(name)}")
            assert eventually(partial(_is_gone, gone))
        assert eventually(sidecar.is_ready), sidecar.printed()
        assert _reasons(sidecar) == {"unknown_key"}


def _descriptors(sidecar: Sidecar) -> dict[str, int]:
    names = ("control", "server-0", "server-1")
    found = {name: len(list(Path(f"/proc/{sidecar.pid(name)}/fd").iterdir())) for name in names}
    return {"supervisor": len(list(Path(f"/proc/{sidecar.process.pid}/fd").iterdir())), **found}


def test_reloads_take_no_descriptors(short_folder: Path) -> None:
    """However often the configuration changes, no process keeps a descriptor of what is no longer in force."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        counts = []
        for number in range(1, 9):
            _replace_keys(sidecar)
            sidecar.process.signal(signal.SIGHUP)
            assert eventually(partial(_was_taken, sidecar, number)), sidecar.printed()
            counts.append(_descriptors(sidecar))
        # The probe listener's connections come and go: one or two more are no leak, one for each reload is.
        for name, first in counts[0].items():
            assert counts[-1][name] <= first + 3, (name, counts)


def _was_taken(sidecar: Sidecar, times: int) -> bool:
    return sidecar.printed().count(IN_FORCE) >= times


def _is_gone(path: Path) -> bool:
    return not path.exists()
