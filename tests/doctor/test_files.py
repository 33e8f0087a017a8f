"""Looking at files that a configuration names, and at the folder of its sockets."""

import os
from pathlib import Path
from typing import Any

import pytest

from sidecar.doctor.files import files, forward_auth_socket, socket
from sidecar.settings import Settings

_TLS = {"certificate_file": "tls.crt", "key_file": "tls.key", "client_ca_file": "/nowhere/ca.crt"}
_SIGNED = {"issuer": "https://a.example", "audiences": ["b"], "keys": {"current": "key.pem", "next": "missing"}}


def _settings(**changes: Any) -> Settings:  # noqa: ANN401 - any field
    keys = {"url": "https://idp.example/jwks.json", "fetch": {"ca_file": "ca.pem"}}
    return Settings.model_validate(
        {"issuers": [{"issuer": "https://idp.example", "audiences": ["a"], "keys": keys}], **changes}
    )


def test_files_that_are_named(tmp_path: Path) -> None:
    """All of them, relative to the configuration's folder, each with what keeps it from being read."""
    (tmp_path / "tls.crt").write_text("")
    (tmp_path / "tls.key").mkdir()
    settings = _settings(listen="127.0.0.1:9191", tls=_TLS, assertion=_SIGNED)
    found = {one.setting: (one.path, one.trouble) for one in files(settings, tmp_path)}
    assert found == {
        "assertion.keys.current": (f"{tmp_path}/key.pem", "no such file or directory"),
        "issuers[0].keys.fetch.ca_file": (f"{tmp_path}/ca.pem", "no such file or directory"),
        "tls.certificate_file": (f"{tmp_path}/tls.crt", ""),
        "tls.client_ca_file": ("/nowhere/ca.crt", "no such file or directory"),
        "tls.key_file": (f"{tmp_path}/tls.key", "is a directory"),
    }


@pytest.mark.parametrize("listen", ["127.0.0.1:9191", "unix:@authz"])
def test_no_folder(listen: str) -> None:
    """Neither a port nor a name without a file is in one."""
    assert socket(_settings(listen=listen), None) is None


def test_folder_of_the_sockets(tmp_path: Path) -> None:
    """Its permissions, and what the sockets will have."""
    tmp_path.chmod(0o750)
    found = socket(_settings(listen=f"unix:{tmp_path}/a.sock", native={"socket_mode": "0666"}), (1, (2, 3)))
    assert found is not None
    assert (found.folder, found.exists, found.writable, found.folder_mode) == (str(tmp_path), True, True, 0o750)
    assert (found.mode, found.user, found.group, found.is_member) == (0o666, os.geteuid(), os.getegid(), True)
    assert (found.group_setting, found.envoy) == ("", (1, (2, 3)))
    missing = socket(_settings(listen="unix:/nowhere/a.sock"), None)
    assert missing is not None
    assert (missing.exists, missing.writable) == (False, False)


def test_group_of_the_sockets(tmp_path: Path) -> None:
    """That of the configuration, by name or number; of a name that nobody has none."""

    def group(wanted: str) -> int | None:
        found = socket(_settings(listen=f"unix:{tmp_path}/a.sock", native={"socket_group": wanted}), None)
        assert found is not None
        return found.group

    assert (group("12345"), group("root"), group("no-such-group")) == (12345, 0, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
def test_group_of_a_folder_that_passes_it_on(tmp_path: Path) -> None:
    """With the set-group-ID bit, as Kubernetes' fsGroup sets it, sockets are of the folder's group."""
    os.chown(tmp_path, -1, 12345)
    tmp_path.chmod(0o2770)
    found = socket(_settings(listen=f"unix:{tmp_path}/a.sock"), None)
    assert found is not None
    assert found.group == 12345


def test_sockets_for_http(tmp_path: Path) -> None:
    """They have a folder, mode and group of their own; Envoy's user is looked at where it is Envoy that asks."""
    assert forward_auth_socket(_settings(listen=f"unix:{tmp_path}/a.sock"), None) is None

    def found(**changes: object) -> Any:  # noqa: ANN401 - a fact, or none
        front = {"listen": f"unix:{tmp_path}/http/a.sock", "proxy": "nginx", **changes}
        return forward_auth_socket(_settings(listen="127.0.0.1:9191", forward_auth=front), (1, (2,)))

    missing = found(socket_mode="0666", socket_group="no-such-group")
    assert (missing.room, missing.folder, missing.exists) == ("forward_auth", f"{tmp_path}/http", False)
    assert (missing.mode, missing.group, missing.group_setting) == (0o666, None, "no-such-group")
    assert missing.envoy is None
    assert found(proxy="envoy").envoy == (1, (2,))
    assert found(listen="127.0.0.1:9292") is None
