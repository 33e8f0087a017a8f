"""What goes back to Envoy, to the upstream and to the client."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sidecar.core.policy.key import parse_claim_path
from sidecar.settings.base import HeaderName, Model, Text, checked
from sidecar.settings.effects import DeniedSettings
from sidecar.settings.location import check_origin

#: A header that ``false`` switches off. A client's copy under the usual name is removed all the same.
Switchable = Annotated[
    HeaderName | None,
    BeforeValidator(
        lambda value: None if value is False else value, json_schema_input_type=HeaderName | Literal[False]
    ),
]
ClaimPath = Annotated[str, Field(min_length=1), checked(parse_claim_path)]


class IdentityHeaderSettings(Model):
    """Headers the upstream gets. A client's own copies are removed on every request, public paths included."""

    subject: Switchable = Field("x-auth-subject", description="'sub'; false to send none.")
    issuer: Switchable = Field("x-auth-issuer", description="'iss'; false to send none.")
    scopes: Switchable = Field("x-auth-scopes", description="Scopes, sorted, joined by spaces; false to send none.")
    claims: dict[ClaimPath, HeaderName] = Field(
        default={}, description="More claims, by name or as [outer][inner]. Lists of strings are joined by commas."
    )


class ResponseSettings(Model):
    """What goes back to Envoy, upstream and to the client."""

    realm: Annotated[str, Field(pattern=r"^[ !#-\[\]-~]{1,128}$")] = Field(
        "api", description="The realm in WWW-Authenticate (RFC 9110, section 11.5)."
    )
    identity_headers: IdentityHeaderSettings = Field(default_factory=lambda: IdentityHeaderSettings.model_validate({}))
    strip_override_headers: bool = Field(
        default=True,
        description="Remove X-HTTP-Method-Override, X-Original-URL, X-Forwarded-Host, Forwarded and their like: they "
        "make an upstream act on another request than the one that was decided on.",
    )
    forward_token: bool = Field(
        default=True,
        description="false: the upstream does not get the credential: the Authorization header, and the header or "
        "cookie that it is taken from otherwise. One in the query it never gets.",
    )
    metadata_claims: list[Text] = Field(
        default=[], description="Claims for Envoy's later filters and access log, as dynamic metadata; ['*'] for all."
    )
    max_header_bytes: int = Field(
        4096,
        ge=64,
        le=16384,
        description="Bytes of the longest identity header, and of what policies set; a longer value is a denial, never "
        "cut.",
    )
    public_origins: list[Annotated[str, checked(check_origin)]] = Field(
        default=[],
        description="Where clients know us, as https://app.example: the only places to which a login may send them "
        "back. Needed by a redirect with {url}.",
    )
    unauthenticated: DeniedSettings | None = Field(
        None, description="How denials with 401 are told, in place of the usual answer (docs/effects.md)."
    )
    unauthorized: DeniedSettings | None = Field(
        None, description="How denials with 403 are told, unless their policy has 'denied'."
    )
