"""Every block of docs/providers.md, against a provider that imitates the one it is for."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.keys.remote.fetch import Fetched, Place, Validator, fetch
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import compile_trust
from sidecar.runtime.control.sources import access_of
from support.answers import Answer
from support.checks import decide
from support.keypairs import Pair, pair
from support.provider import Provider, running_provider
from support.requests import with_token
from support.tokens import NOW

_PAGE = (Path(__file__).parents[2] / "docs/providers.md").read_text(encoding="utf-8")
_BLOCKS = dict(re.findall(r"^## ([^\n]+)\n.*?^```yaml\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE))
_POLICY = "policies: [{name: all, action: allow, rules: [{}]}]\n"
_KEY = pair(Algorithm.RS256, key_id="rsa-1")
_OTHER = pair(Algorithm.ES256, key_id="rsa-1")
_ENCRYPTION = {**pair(Algorithm.RS256, key_id="enc").jwk, "use": "enc", "alg": "RSA-OAEP"}


@dataclass(frozen=True)
class Imitation:
    """What a provider serves and signs. ``jwks_host`` is another one than the issuer's where it has one."""

    jwks_path: str
    claims: Mapping[str, Any]
    headers: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[Mapping[str, Any], ...] = (_KEY.jwk,)
    jwks_host: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


_NO_ALG = {name: value for name, value in _KEY.jwk.items() if name != "alg"}
_IMITATIONS = {
    "Auth0": Imitation(
        "/.well-known/jwks.json",
        {
            "sub": "auth0|64f0",
            "aud": ["https://api.example.com", "https://TENANT.eu.auth0.com/userinfo"],
            "azp": "client",
            "scope": "openid read:orders",
        },
        {"typ": "at+jwt"},
        ({**_KEY.jwk, "x5t": "abc", "x5c": ["MIIC"]},),
        metadata={"device_authorization_endpoint": "https://x.example", "scopes_supported": ["openid"]},
    ),
    "Keycloak": Imitation(
        "/realms/REALM/protocol/openid-connect/certs",
        {
            "jti": "trrtcc:1",
            "aud": ["orders", "account"],
            "sub": "f1a0",
            "typ": "Bearer",
            "azp": "web",
            "acr": "1",
            "realm_access": {"roles": ["user"]},
            "scope": "email profile",
        },
        {"typ": "JWT"},
        (_ENCRYPTION, _KEY.jwk),
    ),
    "Microsoft Entra ID": Imitation(
        "/aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb/discovery/v2.0/keys",
        {
            "aud": "00001111-aaaa-2222-bbbb-3333cccc4444",
            "sub": "AAAA",
            "oid": "0000",
            "tid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
            "scp": "access_as_user",
            "ver": "2.0",
            "nbf": int(NOW) - 10,
        },
        {"typ": "JWT"},
        ({**_NO_ALG, "x5t": "abc", "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},),
        metadata={"tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com"},
    ),
    "Google": Imitation(
        "/oauth2/v3/certs",
        {"aud": "CLIENT.apps.googleusercontent.com", "sub": "1079", "azp": "1079", "email_verified": True},
        {"typ": "JWT"},
        jwks_host="www.googleapis.com",
    ),
    "Kubernetes ServiceAccounts": Imitation(
        "/openid/v1/jwks",
        {
            "aud": ["orders"],
            "sub": "system:serviceaccount:shop:web",
            "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "web", "uid": "1"}, "warnafter": 1},
            "nbf": int(NOW) - 10,
        },
        {"typ": None},
        (_KEY.jwk | {"alg": "RS256"},),
        jwks_host="kubernetes.default.svc",
    ),
}


def test_every_block_has_its_imitation() -> None:
    """No provider is on the page that is not imitated here."""
    assert set(_BLOCKS) == set(_IMITATIONS)


def _token(imitation: Imitation, issuer: str, key: Pair = _KEY, **changes: object) -> str:
    claims = {"iss": issuer, "iat": int(NOW) - 10, "exp": int(NOW) + 3600, **imitation.claims, **changes}
    return jwt.encode(claims, key.private, key.algorithm.value, {"kid": key.key_id, **imitation.headers})


class Scene:
    """A block of the page, its provider, and what it decides."""

    def __init__(self, folder: Path, name: str) -> None:
        config = folder / "authz.yaml"
        config.write_text(_BLOCKS[name] + _POLICY, encoding="utf-8")
        self.settings = load_configuration(config, {}).settings
        (self.issuer,) = self.settings.issuers
        self.imitation, self.folder = _IMITATIONS[name], folder
        self.warnings: tuple[str, ...] = ()

    def fetch(self) -> bytes:
        """Fetch the key set, as the sidecar would but for where all names lead."""
        with self.serving() as provider:
            document = self.look(provider).document
            assert document is not None
            assert self.issuer.keys is not None
            fetches_keys_alone = self.issuer.keys.url is not None
            assert len(provider.requests) == (1 if fetches_keys_alone else 2)
            if self.issuer.keys.fetch.bearer_token_file:
                assert provider.requests[-1].headers["authorization"] == "Bearer our-own"
        return document

    @contextmanager
    def serving(self) -> Iterator[Provider]:
        """Run the provider, over HTTPS."""
        parts = urlsplit(self.issuer.issuer)
        imitation, host = self.imitation, parts.netloc
        jwks_host = imitation.jwks_host or host
        with running_provider(
            self.folder,
            host=host,
            hosts=[jwks_host],
            path=parts.path,
            shown_port=443,
            jwks_path=imitation.jwks_path,
            keys=[dict(key) for key in imitation.keys],
            metadata={"jwks_uri": f"https://{jwks_host}{imitation.jwks_path}", **imitation.metadata},
        ) as provider:
            yield provider

    def look(self, provider: Provider, had: Validator | None = None) -> Fetched:
        """Look for keys there once; ``had`` is the version one has."""
        assert provider.authority is not None
        access = access_of(self.issuer, self.folder)
        token = self.folder / "token"
        token.write_text("our-own", encoding="ascii")
        access = replace(
            access,
            ca_file=Path(provider.authority.file),
            bearer_token_file=token if access.bearer_token_file else None,
            allow_private=True,
            look_up=provider.look_up,
        )
        assert self.issuer.keys is not None
        place = Place(self.issuer.issuer, self.issuer.keys.url)
        return asyncio.run(fetch(place, access, had or Validator()))

    def decide(self, document: bytes, key: Pair = _KEY, **changes: object) -> Answer:
        """Decide on a token of the provider's shape, with changes."""
        loaded = compile_trust(self.settings, [document])
        self.warnings = loaded.warnings
        return decide(with_token(_token(self.imitation, self.issuer.issuer, key, **changes)), loaded.trust)


@pytest.mark.parametrize("name", _IMITATIONS)
def test_provider(tmp_path: Path, name: str) -> None:
    """Its tokens pass with the block as it stands, and those for another audience, issuer or key do not."""
    scene = Scene(tmp_path, name)
    document = scene.fetch()
    answer = scene.decide(document)
    assert answer.reason == "allowed", answer
    assert answer.metadata["subject"] == scene.imitation.claims["sub"]
    assert scene.decide(document, aud="another").reason == "wrong_audience"
    assert scene.decide(document, iss=scene.issuer.issuer + "x").reason == "unknown_issuer"
    assert scene.decide(document, _OTHER).reason == "algorithm_not_allowed"
    stranger = pair(Algorithm.RS256, key_id="rsa-1", owner="stranger")
    assert scene.decide(document, stranger).reason == "bad_signature"
    assert len(scene.warnings) == len(scene.imitation.keys) - 1


@pytest.mark.parametrize("name", _IMITATIONS)
def test_provider_that_rotates(tmp_path: Path, name: str) -> None:
    """A key that is published passes from then on, the one before it until it is taken back, and never after."""
    scene = Scene(tmp_path, name)
    new = pair(Algorithm.RS256, key_id="rsa-2", owner="rotated")
    with scene.serving() as provider:
        first = scene.look(provider)
        assert scene.look(provider, first.validator).document is None, "nothing has changed"
        assert first.document is not None
        assert scene.decide(first.document).reason == "allowed"
        assert scene.decide(first.document, new).reason == "unknown_key"
        before = list(provider.keys)
        provider.keys = [*before, new.jwk]
        both = scene.look(provider, first.validator)
        assert both.document is not None
        assert [scene.decide(both.document, key).reason for key in (_KEY, new)] == ["allowed", "allowed"]
        provider.keys = [*(key for key in before if key["kid"] != _KEY.key_id), new.jwk]
        last = scene.look(provider, both.validator)
        assert last.document is not None
        assert [scene.decide(last.document, key).reason for key in (_KEY, new)] == ["unknown_key", "allowed"]
        assert scene.look(provider, last.validator).document is None


def test_scopes_of_entra_are_scopes(tmp_path: Path) -> None:
    """Entra's scp is what policies call scopes."""
    scene = Scene(tmp_path, "Microsoft Entra ID")
    document = json.dumps({"keys": [dict(key) for key in scene.imitation.keys]}).encode()
    assert scene.decide(document).header("x-auth-scopes") == "access_as_user"
