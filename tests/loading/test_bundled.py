"""Policies of a bundle beside those of a configuration, and what holds where it is missing."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import read_unverified, sign
from sidecar.bundle.succession import Signed
from sidecar.core.decision import Denial, Permit
from sidecar.core.policy.model import PolicySet
from sidecar.core.strict_json import Json
from sidecar.keys.signing import generate
from sidecar.loading.bundled import require_fit
from sidecar.loading.confirmation import BUNDLE
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import Snapshot, decode, take_snapshot
from sidecar.loading.trust import Loaded
from support.bundles import allow, content
from support.checks import decide
from support.decisions import evaluate
from support.identities import identity
from support.requests import check_request, request

_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]
policies:
  - {name: own, action: allow, rules: [{to: [{operation: {paths: [/own]}}]}]}
  - {name: shut, action: deny, rules: [{to: [{operation: {paths: [/shut]}}]}]}
policy_bundle: {url: "https://policies.example/b", name: orders, keys_file: signers.json}
"""
_KEY = generate("signer")


def _held(policies: Json, until: float = 100.0) -> HeldBundle:
    signed = (Signed(b"a" * 32, 7, b"b" * 32), Signed(b"c" * 32, 2**53 - 1, b"d" * 32))
    return HeldBundle(sign(content(1, policies), _KEY), 5.0, until, signed)


def _load(folder: Path, held: HeldBundle | None, text: str = _CONFIGURATION) -> tuple[Snapshot, Loaded]:
    (folder / "signers.json").write_text((folder / "jwks.json").read_text("utf-8"), encoding="utf-8")
    (folder / "authz.yaml").write_text(text, encoding="utf-8")
    return take_snapshot(load_configuration(folder / "authz.yaml", {}), held_bundle=held)


def _decision(policies: PolicySet, path: str) -> str:
    decision = evaluate(policies, request(path=path), identity())
    assert isinstance(decision, Permit | Denial)
    return decision.reason.value


def _without(loaded: Loaded) -> PolicySet:
    assert loaded.without_bundle is not None
    return loaded.without_bundle


@pytest.fixture
def policies() -> dict[str, Json]:
    """Return policies of a bundle."""
    bundled: dict[str, Json] = dict(allow("/bundled", "/shut"))
    closed = allow("/own", name="closed", action="deny")["policies"]
    assert isinstance(bundled["policies"], list)
    assert isinstance(closed, list)
    return {"policies": [*bundled["policies"], *closed], "public": [{"paths": ["/public"]}]}


def test_beside_each_other(folder: Path, policies: dict[str, Json]) -> None:
    """As if all stood in one file; without it what it allows is not allowed, and what it denies is denied."""
    _, loaded = _load(folder, _held(policies))
    found = loaded.trust.policy
    expected = {
        "/own": ("denied_by_policy", "denied_by_policy"),
        "/shut": ("denied_by_policy", "denied_by_policy"),
        "/bundled": ("allowed", "policies_unavailable"),
        "/other": ("no_policy_allows", "policies_unavailable"),
    }
    for path, (with_it, without) in expected.items():
        assert (_decision(found, path), _decision(_without(loaded), path)) == (with_it, without)
    assert (len(found.public), len(_without(loaded).public)) == (1, 0)
    assert loaded.good_until == {BUNDLE: 100.0}


def test_never_fetched(folder: Path) -> None:
    """Nothing is allowed, be it by our own policies: what it would deny nobody knows."""
    snapshot, loaded = _load(folder, None, _CONFIGURATION + "public: [{paths: [/health]}]\n")
    reasons = {path: _decision(loaded.trust.policy, path) for path in ("/own", "/shut", "/other")}
    assert reasons == {"/own": "policies_unavailable", "/shut": "denied_by_policy", "/other": "policies_unavailable"}
    assert loaded.trust.policy.public == ()
    assert loaded.good_until == {}
    assert decode(snapshot.encode()).compile().trust.digest == loaded.trust.digest


def test_dry_run_waits_for_it(folder: Path) -> None:
    """Before it is there nobody knows which headers it sets: none passes, and it is said; after that all pass."""
    text = _CONFIGURATION + "dry_run: true\n"
    snapshot, loaded = _load(folder, None, text)
    raw = check_request(headers={"x-tenant": "forged"})
    for found in (loaded, decode(snapshot.encode()).compile()):
        assert found.trust.policy.dry_run is False
        assert not decide(raw, found.trust).allowed
        assert _decision(found.trust.policy, "/own") == "policies_unavailable"
        assert any("all is denied until the policy bundle" in line for line in found.warnings)
    bundled = allow("/bundled")
    assert isinstance(bundled["policies"], list)
    assert isinstance(bundled["policies"][0], dict)
    bundled["policies"][0]["allowed"] = {"upstream": {"set": {"x-tenant": "acme"}}}
    _, loaded = _load(folder, _held(bundled), text)
    for policies in (loaded.trust.policy, _without(loaded)):
        answer = decide(raw, replace(loaded.trust, policy=policies))
        assert (answer.allowed, answer.reason) == (True, "dry_run")
        assert "x-tenant" in answer.removed
    assert not any("until the policy bundle" in line for line in loaded.warnings)


def test_an_open_default_is_closed(folder: Path) -> None:
    """Where Istio's documents leave all open that nobody closes, a bundle that is missing does not."""
    documents = folder / "istio"
    documents.mkdir()
    (documents / "a.yaml").write_text(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: shop}\n"
        "spec: {action: DENY, rules: [{to: [{operation: {paths: [/shut]}}]}]}\n",
        encoding="utf-8",
    )
    lines = [line for line in _CONFIGURATION.splitlines() if "name: own" not in line and "name: shut" not in line]
    text = "\n".join([*lines, "istio: {folder: istio, namespace: shop}", ""]).replace("policies:\n", "")
    deny = allow("/closed", name="b", action="deny")
    _, loaded = _load(folder, _held(deny), text)
    assert _decision(loaded.trust.policy, "/any") == "allowed_by_default"
    assert _decision(_without(loaded), "/any") == "policies_unavailable"
    assert _decision(_load(folder, None, text)[1].trust.policy, "/any") == "policies_unavailable"


def test_round_trip(folder: Path, policies: dict[str, Json]) -> None:
    """All processes make the same of it."""
    snapshot, loaded = _load(folder, _held(policies))
    again = decode(snapshot.encode())
    assert again == snapshot
    assert again.compile().trust.digest == loaded.trust.digest
    assert again.compile().without_bundle == loaded.without_bundle
    assert again.compile().good_until == loaded.good_until


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_times_are_no_content(confirmed_at: float, until: float) -> None:
    """A snapshot that was confirmed has the content of the one before."""
    one = Snapshot({}, (), (), b"", HeldBundle(b"a", 1.0, 2.0))
    assert Snapshot({}, (), (), b"", HeldBundle(b"a", confirmed_at, until)).content == one.content
    assert Snapshot({}, (), (), b"", HeldBundle(b"b", 1.0, 2.0)).content != one.content
    assert Snapshot({}, (), ()).content != one.content


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (allow("/a", name="own"), "policy bundle orders, version 1:1:1: policies[0].name: 'own' is used twice"),
        ({"policies": [{"name": "a", "action": "allow"}]}, "version 1:1:1: policies[0].rules: is missing"),
        ({"public": [{}]}, "version 1:1:1: public[0]: an operation without fields"),
        ({"policies": {}}, "version 1:1:1: policies: is no list"),
        ({"issuers": []}, "version 1:1:1: issuers: does not stand in a bundle"),
        ({"policies": [None]}, "version 1:1:1: policies[0]: found nothing"),
        (allow("/a//b"), "policies[0].rules[0].to[0].operation.paths[0]"),
    ],
)
def test_what_does_not_fit(folder: Path, offered: Json, message: str) -> None:
    """Is told with its place in the bundle."""
    snapshot, _ = _load(folder, None)
    bundle = read_unverified(_held(offered).compact)
    with pytest.raises(ConfigurationError) as refused:
        require_fit(snapshot.values, bundle)
    assert message in str(refused.value)
    with pytest.raises(ConfigurationError) as refused:
        _load(folder, _held(offered))
    assert message in str(refused.value)


def test_not_configured(folder: Path, policies: dict[str, Json]) -> None:
    """A bundle that nobody wants is none."""
    text = "\n".join(_CONFIGURATION.splitlines()[:-1]) + "\n"
    snapshot, loaded = _load(folder, _held(policies), text)
    assert (snapshot.bundle, loaded.without_bundle) == (None, None)
    assert _decision(loaded.trust.policy, "/own") == "allowed"
