"""A real sidecar whose keys are fetched: its snapshot is restored once these are in force, at each start."""

import json
from pathlib import Path

from sidecar.demo.stack import start_sidecar
from support.authenticators import token
from support.keypairs import pair
from support.processes import eventually
from support.provider import Provider, running_provider
from support.sidecars import Sidecar, running_sidecar

_KEY = pair(key_id="fetched", owner="fetched")
_ALONE = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}
#: Each start is another race of the snapshot with the keys.
_STARTS = 3


def _configuration(provider: Provider) -> str:
    assert provider.authority is not None
    fetch = {"ca_file": str(provider.authority.file), "allow_private_addresses": True}
    issuer = {"issuer": provider.issuer, "audiences": ["orders"], "keys": {"discovery": True, "fetch": fetch}}
    return f"""\
listen: {{listen}}
probe: {{listen: "127.0.0.1:0"}}
shutdown_grace_seconds: 1
shared_memory_size: 1MiB
issuers: {json.dumps([issuer])}
policies: [{{name: all, action: allow, rules: [{{}}]}}]
warm_up: {{snapshot_file: cache.snapshot, key_file: warm-up.key}}
"""


def test_fetched_keys(tmp_path: Path) -> None:
    """Nothing is held against a Trust that is without the keys yet, and refused for that."""

    def prepare(folder: Path) -> None:
        (folder / "warm-up.key").write_bytes(b"k" * 32)

    with running_provider(tmp_path, keys=[_KEY.jwk]) as provider:
        good = token(key=_KEY, iss=provider.issuer)
        with running_sidecar(tmp_path, _configuration(provider), environment=_ALONE, before=prepare) as sidecar:
            assert eventually(sidecar.is_ready)
            # Until it has looked, a snapshot that may be there is not replaced.
            assert eventually(lambda: "there is no snapshot" in sidecar.process.printed())
            assert sidecar.check(sidecar.addresses[0], good).allowed
        for _ in range(_STARTS):
            with start_sidecar(sidecar.workspace, environment=_ALONE) as process:
                assert eventually(lambda started=process: "restored" in started.printed())  # type: ignore[misc]
                assert "1 identities restored" in process.printed()
                assert Sidecar(sidecar.workspace, process).check(sidecar.addresses[0], good).allowed
