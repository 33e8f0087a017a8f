"""A process stops believing keys that nobody confirmed in time, whatever has become of control."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import sign
from sidecar.core.trust import Trust
from sidecar.demo.workspace import prepare
from sidecar.keys.remote.held import Held
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading import confirmation
from sidecar.loading.load import load_configuration
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Loaded
from sidecar.runtime.serving.holder import Holder
from sidecar.settings.issuer import IssuerSettings
from support.bundles import allow, content

_A, _B, _FILE = "https://a.example", "https://b.example", "https://file.example"
_FETCH = {"min_refresh_seconds": 1, "max_refresh_seconds": 50.0, "max_stale_seconds": 100.0}


def _issuer(name: str, keys: dict[str, object]) -> dict[str, object]:
    return {"issuer": name, "audiences": ["orders"], "keys": keys}


def _held(settings: IssuerSettings, document: bytes | None, times: dict[str, float]) -> Held:
    return Held(document, times[settings.issuer])


def _snapshot(folder: Path, document: bytes | None = None, **times: float) -> tuple[Snapshot, Loaded]:
    """Return a configuration with two issuers whose keys were confirmed at ``times``, and one with a file."""
    document = document or key_set_document([generate("k")]).encode()
    (folder / "jwks.json").write_text(key_set_document([generate("f")]), encoding="utf-8")
    remote = [_issuer(name, {"discovery": True, "fetch": _FETCH}) for name in (_A, _B)]
    text = json.dumps({"issuers": [*remote, _issuer(_FILE, {"file": "jwks.json"})]})
    (folder / "authz.yaml").write_text(text, encoding="utf-8")
    named = {_A: times["a"], _B: times["b"]}
    configuration = load_configuration(folder / "authz.yaml", {})
    return take_snapshot(configuration, partial(_held, document=document, times=named))


class Scene:
    """A holder in a world where time passes when it is told to."""

    def __init__(self, loaded: Loaded, now: float) -> None:
        self.now = now
        self.changes: list[Trust] = []
        self.holder = Holder(loaded, self.changes.append, lambda: self.now)

    def at(self, now: float) -> set[str]:
        """Look at ``now``; return whose keys count."""
        self.now = now
        self.holder.look()
        return self.counting()

    def counting(self) -> set[str]:
        """Return whose keys count."""
        return {name for name, one in self.holder.trust.issuers.items() if one.keys.keys}


def test_keys_end_by_themselves(tmp_path: Path) -> None:
    """Each issuer's end when its own time is over, and not a moment before; those of a file never do."""
    _, loaded = _snapshot(tmp_path, a=1000.0, b=1050.0)
    scene = Scene(loaded, 1000.0)
    assert scene.at(1099.9) == {_A, _B, _FILE}
    assert scene.holder.trust is loaded.trust
    assert scene.changes == []
    assert scene.at(1100.0) == {_B, _FILE}
    assert scene.at(1149.9) == {_B, _FILE}
    assert scene.at(1150.0) == {_FILE}
    assert scene.at(1e9) == {_FILE}
    assert scene.holder.lacks_keys
    assert len(scene.changes) == 2, "once for each, however often is looked"


def test_what_is_left_is_what_control_would_make_of_it(tmp_path: Path) -> None:
    """A server that drops keys comes to the very Trust to which control comes; what it was given stays its name."""
    snapshot, loaded = _snapshot(tmp_path, a=1000.0, b=1050.0)
    scene = Scene(loaded, 1000.0)
    scene.at(1120.0)

    def dropped(issuer: IssuerSettings) -> Held | None:
        return Held(None, 1000.0) if issuer.issuer == _A else None

    assert scene.holder.trust.digest == snapshot.with_fetched(dropped).compile().trust.digest
    assert scene.holder.given.digest == loaded.trust.digest


def test_server_that_starts_with_keys_that_are_over(tmp_path: Path) -> None:
    """Keys that were good once are not believed for even one check by who starts too late."""
    _, loaded = _snapshot(tmp_path, a=1000.0, b=1050.0)
    assert Scene(loaded, 1120.0).counting() == {_B, _FILE}


def test_confirmed_keys_count_again(tmp_path: Path) -> None:
    """Keys that are confirmed go on, and come back, as the very Trust that there was: nothing is compiled."""
    _, loaded = _snapshot(tmp_path, a=1000.0, b=1050.0)
    scene = Scene(loaded, 1000.0)
    scene.holder.confirm(loaded.trust.digest, {_A: 1130.0})
    assert scene.at(1129.9) == {_A, _B, _FILE}
    assert scene.at(1130.0) == {_B, _FILE}
    scene.holder.confirm(loaded.trust.digest, {_A: 1200.0, _B: 1200.0, "https://other.example": 0.0})
    assert scene.counting() == {_A, _B, _FILE}
    assert scene.holder.trust is loaded.trust
    assert scene.at(1199.9) == {_A, _B, _FILE}


def test_confirmation_of_other_keys(tmp_path: Path) -> None:
    """What is said of another Trust's keys makes none of these last: they may be others of the same issuer."""
    _, loaded = _snapshot(tmp_path, a=1000.0, b=1000.0)
    scene = Scene(loaded, 1000.0)
    scene.holder.confirm(b"x" * 32, {_A: 9999.0, _B: 9999.0})
    assert scene.at(1100.0) == {_FILE}


def test_new_trust_brings_its_own_times(tmp_path: Path) -> None:
    """With a new Trust its times count and no others, also where they are over when it comes."""
    first, _ = _snapshot(tmp_path, a=1000.0, b=1000.0)
    second, loaded = _snapshot(tmp_path, a=1200.0, b=1050.0)
    scene = Scene(first.compile(), 1000.0)
    scene.at(1190.0)
    asyncio.run(scene.holder.prepare(7, second.encode()))
    assert scene.counting() == {_FILE}
    assert scene.holder.commit(7) == loaded.trust.digest, "of what it was given: control is to see that it has it"
    assert scene.counting() == {_A, _FILE}
    assert scene.at(1300.0) == {_FILE}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b'{"a": null}', b'{"a": "1"}', b'{"a": NaN}', b'{"a": Infinity}']
)
def test_times_that_are_none(data: bytes) -> None:
    """Nothing but times is taken for them; a time that never comes least of all."""
    with pytest.raises(ValueError, match=r"\w"):
        confirmation.decode(data)


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_times_round_trip(times: dict[str, float]) -> None:
    """Times come out as they went in."""
    assert confirmation.decode(confirmation.encode(times)) == times


_BUNDLED = """\
issuers: [{issuer: "https://idp.example", audiences: [orders], keys: {file: jwks.json}}]
policy_bundle: {url: "https://policies.example/b", name: orders, keys_file: signers.json}
"""


def test_keys_that_were_never_confirmed(tmp_path: Path) -> None:
    """Keys of which nobody knows when they were confirmed are over."""
    snapshot, loaded = _snapshot(tmp_path, a=1000.0, b=1000.0)
    times = confirmation.good_until(loaded.settings, snapshot.key_sets, (None, 1000.0, None))
    assert times == {_A: 0.0, _B: 1100.0}


def test_a_bundle_is_over(tmp_path: Path) -> None:
    """What it allows is denied by then, whatever control does, and is back when it was confirmed."""
    now = [50.0]
    prepare(tmp_path, _BUNDLED)
    (tmp_path / "signers.json").write_text(key_set_document([generate("signer")]), encoding="utf-8")
    held = HeldBundle(sign(content(1, allow("/a")), generate("signer")), 1.0, 100.0)
    snapshot, loaded = take_snapshot(load_configuration(tmp_path / "authz.yaml", {}), held_bundle=held)
    holder = Holder(snapshot.compile(), clock=lambda: now[0])
    assert (holder.trust.digest, holder.lacks_keys) == (loaded.trust.digest, False)
    now[0] = 100.0
    holder.look()
    assert (holder.trust.policy, holder.lacks_keys) == (loaded.without_bundle, True)
    assert holder.trust.policy.allow == ()
    holder.confirm(loaded.trust.digest, {confirmation.BUNDLE: 200.0})
    assert (holder.trust.digest, holder.lacks_keys) == (loaded.trust.digest, False)
    holder.confirm(loaded.trust.digest, {confirmation.BUNDLE: 0.0})
    assert holder.lacks_keys
