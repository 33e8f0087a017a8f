"""Issuers that sign with HS256: where the secret is read, and where it never appears."""

import json
from pathlib import Path

import pytest

from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import decode, take_snapshot
from sidecar.loading.trust import Loaded, load_trust
from sidecar.observe.masking import masked
from sidecar.runtime.control.reload import files_of
from support.checks import decide
from support.keypairs import pair
from support.requests import with_token
from support.tokens import AUDIENCE, ISSUER, claims, mint_hmac, part

_SECRET = "9c41f05a7be2d8366f0b1d94c2e7a85304bd6e19f872c35ab0e4d1967f283c5e"
_VARIABLE = "ORDERS_TOKEN_SECRET"


def _write(folder: Path, source: str, rest: str = "") -> Path:
    config = folder / "authz.yaml"
    issuer = f"{{issuer: {ISSUER}, audiences: [{AUDIENCE}], algorithms: [HS256], keys: {{hmac_secret: {source}}}}}"
    policies = "policies: [{name: all, action: allow, rules: [{}]}]"
    config.write_text(f"issuers:\n  - {issuer}\n{rest}{policies}\n", encoding="utf-8")
    return config


def _load(config: Path) -> Loaded:
    return load_trust(load_configuration(config, {}))


def _reason(loaded: Loaded, secret: str = _SECRET, **header: str) -> str:
    return decide(with_token(mint_hmac(secret.encode(), claims(), **header)), loaded.trust).reason


def test_from_a_file(folder: Path) -> None:
    """A token that is signed with the secret in the file is taken, one that is not is not."""
    (folder / "secret.txt").write_text(_SECRET + "\n", encoding="utf-8")
    loaded = _load(_write(folder, "{file: secret.txt}"))
    assert _reason(loaded) == "allowed"
    assert _reason(loaded, _SECRET[::-1]) == "bad_signature"
    assert _reason(loaded, kid="k1") == "unknown_key"


def test_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the secret in an environment variable, and with a key id."""
    monkeypatch.setenv(_VARIABLE, _SECRET)
    loaded = _load(_write(folder, f"{{env: {_VARIABLE}, key_id: k1}}"))
    assert _reason(loaded, kid="k1") == "allowed"
    assert _reason(loaded) == "allowed"
    assert _reason(loaded, kid="k2") == "unknown_key"
    assert _reason(loaded, _SECRET[::-1], kid="k1") == "bad_signature"


def test_the_secret_is_the_content_and_not_the_name(folder: Path) -> None:
    """A file's name is never taken for the secret (CVE-2021-41106)."""
    name = "a-file-name-that-is-long-enough-for-a-secret.txt"
    (folder / name).write_text(_SECRET, encoding="utf-8")
    assert _reason(_load(_write(folder, f"{{file: {name}}}")), name) == "bad_signature"


def test_another_secret_is_another_trust(folder: Path) -> None:
    """Whoever was verified under the old secret is not known under the new one."""
    (folder / "secret.txt").write_text(_SECRET, encoding="utf-8")
    config = _write(folder, "{file: secret.txt}")
    before = _load(config).trust
    (folder / "secret.txt").write_text(_SECRET[::-1], encoding="utf-8")
    after = _load(config).trust
    assert before.digest != after.digest
    keys = [trust.issuers[ISSUER].keys.key_digests for trust in (before, after)]
    assert keys[0].isdisjoint(keys[1])


def test_file_is_watched(folder: Path) -> None:
    """The secret's file is one of those that a configuration is made of."""
    (folder / "secret.txt").write_text(_SECRET, encoding="utf-8")
    config = _write(folder, "{file: secret.txt}")
    assert folder / "secret.txt" in files_of(config, load_configuration(config, {}).settings)


def test_nothing_shows_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no repr, not in the configuration as it is shown, and not in the settings."""
    monkeypatch.setenv(_VARIABLE, _SECRET)
    config = _write(folder, f"{{env: {_VARIABLE}}}")
    configuration = load_configuration(config, {})
    snapshot, loaded = take_snapshot(configuration)
    shown = [repr(snapshot), repr(loaded), repr(loaded.trust), json.dumps(snapshot.values), str(loaded.settings)]
    shown.append(json.dumps(masked(configuration.document.values)))
    for text in shown:
        assert _SECRET not in text
        assert _SECRET.encode().hex() not in text


def test_every_process_makes_the_same_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is read once, and handed on: a process that cannot see the variable makes the same Trust."""
    monkeypatch.setenv(_VARIABLE, _SECRET)
    snapshot, loaded = take_snapshot(load_configuration(_write(folder, f"{{env: {_VARIABLE}}}"), {}))
    monkeypatch.delenv(_VARIABLE)
    again = decode(snapshot.encode()).compile().trust
    assert again.digest == loaded.trust.digest
    (key,) = again.issuers[ISSUER].keys.keys
    assert (key.algorithms, key.material) == (SYMMETRIC, _SECRET.encode())


@pytest.mark.parametrize(
    "secret", ["short", "x" * 64, "-----BEGIN PUBLIC KEY-----", json.dumps(pair(Algorithm.RS256).jwk), "é" * 5000]
)
def test_bad_secret(folder: Path, secret: str) -> None:
    """A bad secret is refused with its place and the reason, and without a word of it."""
    (folder / "secret.txt").write_text(secret, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        _load(_write(folder, "{file: secret.txt}"))
    (problem,) = refused.value.problems
    assert problem.field == "issuers[0].keys.hmac_secret"
    assert secret not in problem.message


@pytest.mark.parametrize("spell", [bytes, part, lambda key: key.hex().encode()])
def test_public_key_of_another_issuer(folder: Path, spell: "object") -> None:
    """The 32 bytes of another issuer's public Ed25519 key look like any secret, and everybody has them."""
    (folder / "secret.txt").write_bytes(spell(pair().public.material))  # type: ignore[operator]
    other = json.dumps(
        {"issuer": "https://other.example", "audiences": ["a"], "keys": {"jwks": {"keys": [pair().jwk]}}}
    )
    with pytest.raises(ConfigurationError, match="is a public key of another issuer"):
        _load(_write(folder, "{file: secret.txt}", f"  - {other}\n"))


_PASSWORD = "hunter2-and-more"
_INTROSPECTION = "client_id: a, client_secret: {env: A}"
_URLS = {
    "keys": "issuers: [{issuer: 'https://a.example', audiences: [a], keys: {url: 'URL'}}]",
    "discovery": "issuers: [{issuer: 'URL', audiences: [a], keys: {discovery: true}}]",
    "introspection": f"issuers: [{{issuer: a, audiences: [a], introspection: {{url: 'URL', {_INTROSPECTION}}}}}]",
    "token_review": "issuers: [{issuer: a, audiences: [a], token_review: {url: 'URL'}}]",
    "policy_bundle": "policy_bundle: {url: 'URL', name: a, keys_file: a}",
    "redis": "revocation: {feed: {redis: 'URL', keys_file: a}}",
    "redirect": "policies: [{name: a, action: deny, rules: [{}], denied: {redirect: {to: 'URL'}}}]",
    "origin": "response: {public_origins: ['URL']}",
}


@pytest.mark.parametrize("field", _URLS)
@pytest.mark.parametrize(
    "url",
    [
        f"https://alice:{_PASSWORD}@a.example/",
        f"rediss://alice:{_PASSWORD}@a.example",
        f"rediss://alice:{_PASSWORD}",
        f"https://alice:{_PASSWORD}",
        f"//alice:{_PASSWORD}@[a.example",
        f"{_PASSWORD}:a@a.example",
    ],
)
def test_a_password_in_a_url_is_not_shown(folder: Path, field: str, url: str) -> None:
    """A URL that is refused is not repeated: it may have a password, in whichever part of it."""
    config = folder / "authz.yaml"
    text = "issuers: [{issuer: 'https://a.example', audiences: [a], keys: {file: a}}]\n"
    rest = _URLS[field].replace("URL", url)
    config.write_text(rest if rest.startswith("issuers") else text + rest, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(config, {})
    assert _PASSWORD not in str(refused.value)
    assert any("url" in str(problem).lower() or "origin" in str(problem) for problem in refused.value.problems)


def test_a_url_in_the_wrong_place(folder: Path) -> None:
    """Where something else is wanted, what was found is shown, and no password in it."""
    config = folder / "authz.yaml"
    config.write_text(f"issuers: https://alice:{_PASSWORD}@a.example/\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"found 'https://\*\*\*@a\.example/'"):
        load_configuration(config, {})


@pytest.mark.parametrize("field", ["file", "env"])
def test_a_secret_in_the_wrong_place_is_not_shown(folder: Path, field: str) -> None:
    """Whoever writes the secret itself where its place should stand does not find it in the log."""
    with pytest.raises(ConfigurationError) as refused:
        _load(_write(folder, f'{{{field}: "{_SECRET}"}}'))
    assert _SECRET[:12] not in str(refused.value)
