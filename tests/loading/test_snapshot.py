"""What one process hands to the others: the same configuration gives the same Trust everywhere."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from sidecar.keys.remote.held import NOTHING, Held
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import Snapshot, decode, take_snapshot
from sidecar.settings.issuer import IssuerSettings

_CONFIG = """
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]
response: {identity_headers: {subject: false, claims: {"[a][b]": x-b}}}
policies:
  - name: p
    action: deny
    rules: [{from: [{source: {notRequestPrincipals: ["*"]}}], to: [{operation: {notPaths: [/a]}}]}]
"""


_FETCHED = "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {discovery: true}}]\n"


def _always(held: Held, _issuer: IssuerSettings) -> Held:
    return held


def _snapshot(folder: Path, text: str = _CONFIG) -> tuple[Snapshot, bytes]:
    config = folder / "authz.yaml"
    config.write_text(text, encoding="utf-8")
    snapshot, loaded = take_snapshot(load_configuration(config, {"AUTHZ_LOG_LEVEL": "debug"}))
    return snapshot, loaded.trust.digest


def test_round_trip(folder: Path) -> None:
    """Settings, overrides and key sets come out of the bytes as they went in."""
    snapshot, digest = _snapshot(folder)
    again = decode(snapshot.encode())
    assert again == snapshot
    assert again.settings().log_level == "debug"
    assert again.compile().trust.digest == digest


def test_key_sets_that_are_fetched(folder: Path) -> None:
    """What was fetched goes along, with when it was confirmed, which is no part of the Trust; or there is none yet."""
    config = folder / "authz.yaml"
    config.write_text(_FETCHED, encoding="utf-8")
    configuration = load_configuration(config, {})
    document = (folder / "jwks.json").read_bytes()
    digests = set()
    for held in (NOTHING, Held(document, 5.0), Held(document, 6.0), Held(None, 5.0)):
        snapshot, loaded = take_snapshot(configuration, partial(_always, held))
        assert decode(snapshot.encode()) == snapshot
        assert (snapshot.key_sets[0] or None, snapshot.confirmed[0]) == (held.document, held.confirmed_at)
        assert len(loaded.trust.issuers["https://idp.example"].keys.keys) == (held.document is not None)
        digests.add(loaded.trust.digest)
    assert len(digests) == 2


def test_same_digest_in_another_process(folder: Path) -> None:
    """Another process, with another hash seed, makes the same Trust of the bytes."""
    snapshot, digest = _snapshot(folder)
    program = """if True:
        import sys
        from sidecar.loading.snapshot import decode
        print(decode(sys.stdin.buffer.read()).compile().trust.digest.hex())
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], input=snapshot.encode(), capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().strip() == digest.hex()


def test_key_set_that_is_not_text_stays_refused(folder: Path) -> None:
    """A key set with bytes that are not UTF-8 is refused by whoever compiles it, and none of them is repaired."""
    good = (folder / "jwks.json").read_bytes()
    (folder / "jwks.json").write_bytes(good.replace(b'"kid"', b'"k\xff":1,"kid"', 1))
    with pytest.raises(ConfigurationError, match=r"keys\.file"):
        _snapshot(folder)
    assert decode(Snapshot({}, (b"\xff\x00",), (None,)).encode()).key_sets == (b"\xff\x00",)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b"{\n"),
        json.dumps({"values": {}, "key_sets": [], "confirmed": []}).encode(),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no snapshot, and one that was cut, are refused."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        decode(data)
