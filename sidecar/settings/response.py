"""What goes back to Envoy, to the upstream and to the client."""

from typing import Annotated

from pydantic import Field

from sidecar.core.policy.key import parse_claim_path
from sidecar.settings.base import Model, Text, checked

#: Header names identity may travel in: lower-case, without ``_`` (which other servers fold into ``-``).
HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=128)]
ClaimPath = Annotated[str, Field(min_length=1), checked(parse_claim_path)]


class IdentityHeaderSettings(Model):
    """Headers the upstream gets. A client's own copies are removed on every request, public paths included."""

    subject: HeaderName | None = Field("x-auth-subject", description="'sub'; null to send none.")
    issuer: HeaderName | None = Field("x-auth-issuer", description="'iss'; null to send none.")
    scopes: HeaderName | None = Field(
        "x-auth-scopes", description="Scopes, sorted, joined by spaces; null to send none."
    )
    claims: dict[ClaimPath, HeaderName] = Field(
        default={}, description="More claims, by name or as [outer][inner]. Lists of strings are joined by commas."
    )


class ResponseSettings(Model):
    """What goes back to Envoy, upstream and to the client."""

    realm: Annotated[str, Field(pattern=r"^[ !#-\[\]-~]{1,128}$")] = Field(
        "api", description="The realm in WWW-Authenticate (RFC 9110, section 11.5)."
    )
    identity_headers: IdentityHeaderSettings = Field(default_factory=lambda: IdentityHeaderSettings.model_validate({}))
    forward_token: bool = Field(default=True, description="false: the upstream does not get the Authorization header.")
    metadata_claims: list[Text] = Field(
        default=[], description="Claims for Envoy's later filters and access log, as dynamic metadata; ['*'] for all."
    )
    max_header_bytes: int = Field(
        4096,
        ge=64,
        le=16384,
        description="Bytes of the longest identity header; a longer value is a denial, never cut.",
    )
