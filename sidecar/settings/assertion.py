"""The token of ours that the upstream gets about each identity."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.settings.base import HeaderName, Model, Text

#: Claims that are ours to say, and times that are another token's.
RESERVED_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"})


class AssertionKeySettings(Model):
    """Private keys, PEM or JWK, one in each file. Only the minting processes read them, and again when they change."""

    current: Text = Field(description="The key that signs. A relative path is relative to the configuration's folder.")
    next: Text | None = Field(
        None,
        description="The key that will sign after the next change: it is published already. The file may be missing.",
    )
    previous: Text | None = Field(
        None,
        description="The key that signed before: published until its last assertion is over. The file may be missing.",
    )


class AssertionSettings(Model):
    """A short-lived, signed token for the upstream, so that services behind need to trust one issuer only."""

    issuer: Text = Field(description="'iss' of the assertions: ours, and that of all replicas.")
    audiences: list[Text] = Field(
        min_length=1, max_length=16, description="'aud': the services behind, who must refuse what is not for them."
    )
    policy_audiences: dict[Text, Annotated[list[Text], Field(min_length=1, max_length=16)]] = Field(
        default={}, description="By the name of the policy that allows: 'aud' instead of 'audiences'."
    )
    keys: AssertionKeySettings = Field(description="What signs. Shared by all replicas, as in a Kubernetes Secret.")
    header: HeaderName = Field(
        "x-auth-assertion", description="The header it travels in. A client's own is removed on every request."
    )
    lifetime_seconds: int = Field(
        300,
        ge=10,
        le=86400,
        description="Seconds from 'iat' to 'exp', fewer where the identity ends sooner. A new one is signed when a "
        "third is left, and none is sent with less than a tenth. After a rotation the old key must stay published for "
        "so long.",
    )
    subject: Literal["principal", "subject"] = Field(
        "principal",
        description="'sub': principal is issuer/subject, which no two issuers have in common; subject is the token's "
        "own 'sub', for configurations with one issuer.",
    )
    claims: list[Text] = Field(
        default=[], max_length=64, description="Claims that are copied from the token, as they are: 'scope', 'tenant'."
    )
    token_type: Text = Field("JWT", description="'typ' of the assertions, such as at+jwt (RFC 9068).")
    jwks_max_age_seconds: int = Field(
        300,
        ge=0,
        le=86400,
        description="Seconds for which others may keep the key set that the probe listener shows at "
        "/.well-known/jwks.json. A new key must be published for so long before it signs.",
    )
