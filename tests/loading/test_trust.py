"""Settings to Trust."""

import json
from pathlib import Path

import pytest

from sidecar.core.path import PathMode
from sidecar.core.trust import Trust
from sidecar.demo.workspace import CONFIGURATION, prepare
from sidecar.keys.signing import generate
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import Loaded, load_trust

ONE_ISSUER = "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]\n"


def load(folder: Path, text: str) -> Loaded:
    """Build the trust of a configuration text."""
    config = folder / "authz.yaml"
    config.write_text(text, encoding="utf-8")
    return load_trust(load_configuration(config, {}))


def digest(folder: Path, text: str) -> bytes:
    """Return the digest of a configuration's trust."""
    return load(folder, text).trust.digest


def test_demonstration_s_configuration_is_compiled(tmp_path: Path) -> None:
    """Policies, public operations, headers and keys all arrive in the Trust."""
    trust: Trust = load(tmp_path, prepare(tmp_path, CONFIGURATION).config.read_text(encoding="utf-8")).trust
    assert [policy.name for policy in trust.policy.deny] == ["suspended-tenants"]
    assert [policy.name for policy in trust.policy.allow] == ["read-orders", "write-orders"]
    assert trust.response.stripped_headers == ("x-auth-subject", "x-auth-issuer", "x-auth-scopes", "x-auth-tenant")
    assert trust.path_mode is PathMode.REJECT


def test_same_configuration_same_digest(folder: Path) -> None:
    """The digest names the content: comments and order of members do not change it."""
    other = "# a comment\nlisten: 127.0.0.1:9191\n" + ONE_ISSUER
    assert digest(folder, ONE_ISSUER) == digest(folder, other)


@pytest.mark.parametrize(
    "change",
    [
        "policies: [{name: a, action: allow, rules: [{}]}]",
        "policies: [{name: a, action: deny, rules: [{}]}]",
        "policies: [{name: b, action: allow, rules: [{}]}]",
        "policies: [{name: a, action: allow, scopes: [x], rules: [{}]}]",
        "public: [{paths: [/a]}]",
        "public: [{paths: [/a*]}]",
        "public: [{notPaths: [/a]}]",
        "cors_preflight: [{paths: [/a]}]",
        "request: {path_mode: base}",
        "request: {max_token_bytes: 1000}",
        "response: {forward_token: false}",
        "response: {identity_headers: {claims: {a: x-a}}}",
        "response: {metadata_claims: [a]}",
    ],
)
def test_every_change_is_another_digest(folder: Path, change: str) -> None:
    """What changes a decision or a response changes the digest, each in its own way."""
    changed = digest(folder, ONE_ISSUER + change + "\n")
    assert changed != digest(folder, ONE_ISSUER)
    assert changed != digest(folder, ONE_ISSUER + "policies: [{name: z, action: allow, rules: [{}]}]\n")


def test_replaced_key_is_another_digest(folder: Path) -> None:
    """A key that is replaced under the same id changes the issuer's digest."""
    before = digest(folder, ONE_ISSUER)
    document = {"keys": [generate("k1").public_jwk()]}
    (folder / "jwks.json").write_text(json.dumps(document), encoding="utf-8")
    assert digest(folder, ONE_ISSUER) != before


def test_key_that_cannot_be_used_is_a_warning(folder: Path) -> None:
    """A bad key beside a good one is left out, and said so."""
    document = {"keys": [generate("k1").public_jwk(), {"kty": "oct", "k": "AAAA"}]}
    (folder / "jwks.json").write_text(json.dumps(document), encoding="utf-8")
    loaded = load(folder, ONE_ISSUER)
    assert len(loaded.trust.issuers["https://idp.example"].keys.keys) == 1
    assert loaded.warnings == (
        "https://idp.example: key left out: keys[1]: kty 'oct' is not supported; allowed: OKP, EC, RSA",
    )


def test_headers_in_policies_are_guarded(folder: Path) -> None:
    """Of headers that policies look at no look-alike may reach the upstream."""
    config = folder / "authz.yaml"
    config.write_text(
        "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]\n"
        'policies: [{name: a, action: deny, rules: [{when: [{key: "request.headers[X-Env]", values: [a]}]}]}]\n',
        encoding="utf-8",
    )
    guarded = load_trust(load_configuration(config, {})).trust.response.guarded_headers
    assert {"x-env", "x-auth-subject", "x-forwarded-host"} <= guarded
