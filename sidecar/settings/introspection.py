"""Asking issuers about opaque tokens: RFC 7662, and Kubernetes' TokenReview."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.core.introspection import Client, Introspection, Reference
from sidecar.settings.base import Model, Text, checked

#: A host (RFC 3986, section 3.2.2) and what follows it: no user and password, no fragment, nothing to be encoded.
_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!$&-;=?-Z_a-z~%-]*)?")


def _check_url(text: str) -> None:
    if _URL.fullmatch(text) is None:
        # Not with the text: it may have a password in it, as all URLs that are refused for one.
        raise ValueError("is no URL; write https://host/path, without user and fragment")


Url = Annotated[Text, checked(_check_url)]


class SecretReference(Model):
    """Where a secret is; never the secret itself. Exactly one of these."""

    file: Text | None = Field(None, description="A file, read at each use, so that a renewed one counts at once.")
    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        None, description="An environment variable of the sidecar."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("give exactly one of 'file' and 'env'")
        return self

    def reference(self) -> Reference:
        """Return it as the core knows it."""
        return Reference("file", self.file) if self.file is not None else Reference("env", self.env or "")


class PrivateKeySettings(Model):
    """A private key that the sidecar authenticates with (private_key_jwt, RFC 7523)."""

    file: Text = Field(description="A private key, PEM or JWK, not encrypted; read at each use.")
    audience: Text = Field(description="'aud' of the assertion: what the issuer wants there, mostly its own name.")


class EndpointSettings(Model):
    """What both kinds of endpoint have."""

    url: Url = Field(description="Where to ask.")
    max_cache_seconds: float = Field(
        60.0, ge=1, le=3600, description="Seconds that a yes stands, never beyond 'exp': as late a revocation counts."
    )
    negative_cache_seconds: float = Field(10.0, ge=0, le=60, description="Seconds that a no stands.")
    timeout_seconds: float = Field(
        1.0,
        gt=0,
        le=10,
        description="Seconds for one question. The generated configuration has Envoy's time-out grow with it, by 2.2 "
        "times as much: a try gets less than half of that.",
    )
    max_in_flight: int = Field(
        64, ge=1, le=1024, description="Questions at once, per server; more are shed (overloaded)."
    )
    ca_file: Text | None = Field(
        None, description="CAs, in PEM, that may vouch for the endpoint. Default: the system's."
    )
    allow_http: bool = Field(
        default=False, description="Take http: URLs, over which tokens and secrets cross the network in the clear."
    )

    @model_validator(mode="after")
    def _https(self) -> Self:
        if not self.allow_http and not self.url.startswith("https:"):
            raise ValueError("'url' is not https; tokens would cross the network in the clear ('allow_http' takes it)")
        return self


class IntrospectionSettings(EndpointSettings):
    """Token introspection (RFC 7662) for opaque tokens, and for JWTs where the issuer has no 'keys'."""

    client_id: Text = Field(description="Who the sidecar is at the issuer.")
    client_secret: SecretReference | None = Field(None, description="Its secret (client_secret_basic).")
    private_key: PrivateKeySettings | None = Field(None, description="Or its key (private_key_jwt).")
    token_types: list[Text] = Field(
        default=["Bearer", "DPoP"],
        min_length=1,
        description="Values of 'token_type' that are taken, without regard to case. An answer without it is.",
    )
    optional_claims: list[Literal["aud", "exp"]] = Field(
        default=[],
        description="Those that the issuer leaves out of its answers. Without 'aud' nothing shows that a token is "
        "meant for here; without 'exp' it stands for max_cache_seconds at a time.",
    )
    allow_private_addresses: bool = Field(
        default=False, description="Connect to private and loopback addresses as well; to link-local ones never."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("give exactly one of 'client_secret' and 'private_key'")
        return self

    def introspection(self) -> Introspection:
        """Return it as the core knows it."""
        if self.private_key is not None:
            key = Reference("file", self.private_key.file)
            client = Client("private_key_jwt", self.client_id, key, self.private_key.audience)
        else:
            assert self.client_secret is not None  # noqa: S101 - the validator's
            client = Client("client_secret_basic", self.client_id, self.client_secret.reference())
        return Introspection(
            url=self.url,
            client=client,
            token_types=frozenset(kind.lower() for kind in self.token_types),
            optional=frozenset(self.optional_claims),
            max_cache=self.max_cache_seconds,
            negative_cache=self.negative_cache_seconds,
            timeout=self.timeout_seconds,
            max_in_flight=self.max_in_flight,
            ca_file=self.ca_file,
            allow_http=self.allow_http,
            allow_private=self.allow_private_addresses,
        )


class TokenReviewSettings(EndpointSettings):
    """Kubernetes' TokenReview for tokens of service accounts."""

    url: Url = Field(
        "https://kubernetes.default.svc/apis/authentication.k8s.io/v1/tokenreviews", description="The API server's."
    )
    token: SecretReference = Field(
        default=SecretReference.model_validate({"file": "/var/run/secrets/kubernetes.io/serviceaccount/token"}),
        description="The sidecar's own token; its account needs the role system:auth-delegator.",
    )
    ca_file: Text | None = Field(
        "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", description="The cluster's CA, in PEM."
    )

    def introspection(self, audiences: tuple[str, ...]) -> Introspection:
        """Return it as the core knows it. The API server has a private address, and names no end of a token."""
        return Introspection(
            url=self.url,
            client=Client("bearer", "", self.token.reference()),
            kind="token_review",
            audiences=audiences,
            optional=frozenset({"exp"}),
            max_cache=self.max_cache_seconds,
            negative_cache=self.negative_cache_seconds,
            timeout=self.timeout_seconds,
            max_in_flight=self.max_in_flight,
            ca_file=self.ca_file,
            allow_http=self.allow_http,
            allow_private=True,
        )
