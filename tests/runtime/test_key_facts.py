"""What control tells of keys, put together from a real configuration."""

from pathlib import Path

from sidecar.keys.certificates import first_until
from sidecar.loading.load import load_configuration
from sidecar.loading.snapshot import take_snapshot
from sidecar.observe.key_sets import measured
from sidecar.runtime.control.key_facts import key_facts
from sidecar.runtime.control.reload import Reading
from sidecar.runtime.control.rotation import KeyUses, Rotation
from sidecar.runtime.control.sources import Sources
from sidecar.runtime.control.watch import Reloads
from support.boards import shared
from support.certificates import Authority

_CONFIGURATION = """
issuers:
  - {issuer: "https://a.example", audiences: [orders], algorithms: [ES256], keys: {pem_file: a.pem, key_id: key-a}}
  - {issuer: "https://b.example", audiences: [orders], algorithms: [HS256], keys: {hmac_secret: {file: secret}}}
policies: [{name: all, action: allow, rules: [{}]}]
"""


def test_certificate_of_a_key(tmp_path: Path) -> None:
    """A key that came in a certificate is told of with its end; a secret is never looked at as a key set."""
    pem = Path(Authority(tmp_path, "ca").sign("leaf", days=7).certificate).read_bytes()
    (tmp_path / "a.pem").write_bytes(pem)
    (tmp_path / "secret").write_bytes(b"0123456789abcdef" * 4)
    config = tmp_path / "authz.yaml"
    config.write_text(_CONFIGURATION, encoding="utf-8")
    snapshot, loaded = take_snapshot(load_configuration(config, {}))

    async def apply(_reading: Reading) -> None:
        raise AssertionError

    with shared() as board:
        reloads = Reloads(config, snapshot, loaded, apply, board.table.row(0))
    assert reloads.ok
    assert reloads.documents.keys() == {"https://a.example"}
    sources = Sources(tmp_path, lambda: None)
    facts = key_facts(loaded.trust, reloads.documents, sources, Rotation(), KeyUses())
    told = {one.name: dict(one.samples) for one in measured(facts)}
    expected = {("https://a.example", "key-a"): first_until(pem)}
    assert told["authz_key_certificate_expiry_timestamp_seconds"] == expected
    assert told["authz_keys"] == {("https://a.example",): 1, ("https://b.example",): 1}
