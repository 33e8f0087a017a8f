"""Where an issuer's public keys come from, and how they are fetched."""

from typing import Any, Self

from pydantic import Field, model_validator

from sidecar.settings.base import Model, Text
from sidecar.settings.hmac import HmacSecretSource
from sidecar.settings.remote_url import check_url


class FetchSettings(Model):
    """How keys are fetched, for 'url' and 'discovery'."""

    timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Seconds for one look, discovery document and key set together, names looked up and bodies read.",
    )
    max_bytes: int = Field(
        512 * 1024,
        ge=1024,
        le=512 * 1024,
        description="Bytes of the largest document that is read; large public providers serve some 20 KiB.",
    )
    min_refresh_seconds: float = Field(
        60.0,
        ge=1,
        le=86400,
        description="Keys are fetched again no sooner than three quarters of this, however short Cache-Control's "
        "max-age is.",
    )
    max_refresh_seconds: float = Field(
        900.0,
        ge=1,
        le=86400,
        description="Keys are fetched again within this, however long max-age is, and where there is none: a key that "
        "its issuer takes back passes for so long.",
    )
    max_stale_seconds: float = Field(
        86400.0,
        ge=1,
        le=2_592_000,
        description="Seconds that keys stay in force which their issuer could not be asked about; then its tokens are "
        "denied (keys_unavailable). A day: longer than most outages, and somebody has looked by then.",
    )
    refetch_min_interval_seconds: float = Field(
        10.0,
        ge=0.1,
        le=3600,
        description="Seconds at least between two fetches that tokens with an unknown key lead to, by all processes "
        "together: whoever makes up keys buys no more than that.",
    )
    refetch_wait_seconds: float = Field(
        0.3,
        gt=0,
        le=30,
        description="Seconds at most that a check waits for such a fetch, and never beyond Envoy's deadline. The "
        "generated configuration has Envoy's time-out grow with it, by 2.2 times as much: a try gets less than half.",
    )
    required_at_start: bool = Field(
        default=False,
        description="true: not ready until this issuer's keys were fetched once. By default one issuer that is away "
        "keeps nobody from starting.",
    )
    ca_file: Text | None = Field(
        None,
        description="CAs, in PEM, of the servers' certificates, in place of the system's; read at each fetch; another "
        "content leads to one at once. A relative path is relative to the configuration's folder.",
    )
    bearer_token_file: Text | None = Field(
        None,
        description="A file with a token of our own that is sent along, to the host that is configured alone; read at "
        "each fetch. For a Kubernetes API server, our ServiceAccount's.",
    )
    allow_http: bool = Field(
        default=False,
        description="true: http:// as well. Whoever sits on the network can then put in keys of their own.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="true: private and loopback addresses as well, for issuers within the cluster. Link-local ones, "
        "where clouds have their metadata, never.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_refresh_seconds > self.max_refresh_seconds:
            raise ValueError("'min_refresh_seconds' is more than 'max_refresh_seconds'")
        if self.max_refresh_seconds > self.max_stale_seconds:
            raise ValueError("'max_refresh_seconds' is more than 'max_stale_seconds': keys would be gone in between")
        return self


class KeySource(Model):
    """Where an issuer's keys come from: exactly one of file, jwks, pem_file, hmac_secret, url and discovery."""

    file: Text | None = Field(
        None, description="A JWK Set file; a relative path is relative to the configuration's folder."
    )
    jwks: dict[str, Any] | None = Field(
        None, description="A JWK Set, inline: for tests and for keys that never change."
    )
    pem_file: Text | None = Field(None, description="A file with public keys or certificates in PEM.")
    key_id: Text | None = Field(
        None,
        description="The 'kid' of the one key in pem_file. Default: its thumbprint (RFC 7638). Tokens without "
        "'kid' need none.",
    )
    hmac_secret: HmacSecretSource | None = Field(
        None,
        description="The secret of an issuer that signs with HS256. It stands alone: no other algorithm goes with it. "
        "Whoever can verify such tokens can make them, so prefer keys in pairs.",
    )
    url: Text | None = Field(None, description="Where the JWK Set is fetched.")
    discovery: bool = Field(
        default=False,
        description="true: the JWK Set is where the issuer's /.well-known/openid-configuration says (OpenID Connect "
        "Discovery 1.0). The issuer in that document must be this one exactly.",
    )
    fetch: FetchSettings = Field(
        default_factory=lambda: FetchSettings.model_validate({}), description="How it is fetched."
    )

    @property
    def source(self) -> str:
        """Return the name of the one field that says where."""
        return self._given()[0]

    @property
    def is_remote(self) -> bool:
        """Say whether keys are fetched while the sidecar runs."""
        return self.url is not None or self.discovery

    def _given(self) -> list[str]:
        return [name for name in _SOURCES if getattr(self, name) not in (None, False)]

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = self._given()
        if len(given) != 1:
            found = ", ".join(given) or "none"
            raise ValueError(f"give exactly one of {', '.join(_SOURCES)}; found {found}")
        if self.key_id is not None and self.pem_file is None:
            raise ValueError("'key_id' goes with 'pem_file' alone; a JWK Set names its keys itself")
        if "fetch" in self.model_fields_set and not self.is_remote:
            raise ValueError("'fetch' goes with 'url' and 'discovery' alone; nothing is fetched here")
        if self.url is not None:
            check_url(self.url, allow_http=self.fetch.allow_http, allow_private=self.fetch.allow_private_addresses)
        return self


_SOURCES = ("file", "jwks", "pem_file", "hmac_secret", "url", "discovery")
