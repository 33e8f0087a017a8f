"""A policy bundle, and a wall clock that is set: one loop, without processes, and a server that is never there."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import sign
from sidecar.keys.remote.clock import boot_clock
from sidecar.keys.signing import generate
from sidecar.runtime.control import bundle as module
from sidecar.runtime.control.bundle import PolicyBundle
from sidecar.settings.policy_bundle import PolicyBundleSettings
from support.bundles import ISSUED, NAME, allow, content

_SIGNER = generate("signer")
_EXPIRES = ISSUED + 1000


def _settings() -> PolicyBundleSettings:
    return PolicyBundleSettings.model_validate({
        "url": "https://127.0.0.1:1/bundle.jws",  # tcpmux, which nobody has
        "name": NAME,
        "public_keys": [json.loads(json.dumps(_SIGNER.public_jwk()))],
        "allow_private_addresses": True,
    })  # fmt: skip


@pytest.mark.parametrize(("now", "stays"), [(ISSUED, True), (_EXPIRES - 1, True), (_EXPIRES, False), (2**32, False)])
def test_clock_is_set_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: float, stays: bool) -> None:  # noqa: FBT001 - a table
    """One that was confirmed while the clock was slow is out of force at the first look after, server or not."""
    until, changes = boot_clock() + 10_000, list[HeldBundle | None]()
    held = HeldBundle(sign(content(1, allow("/a"), expires_at=_EXPIRES), _SIGNER), boot_clock(), until)
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now))

    async def look() -> PolicyBundle:
        one = PolicyBundle(_settings(), tmp_path, held, lambda _: None, lambda: changes.append(None))
        await one.source.fetch()
        await one.stop()
        return one

    one = asyncio.run(look())
    assert one.source.record.failures == 1
    assert one.in_force is stays
    assert len(changes) == (not stays)
    assert one.held is not None
    assert one.held.compact == held.compact
