"""Token issuers: whom to trust, for what, with which keys."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sidecar.core.algorithm import Algorithm
from sidecar.core.introspection import Introspection
from sidecar.keys.remote.url import UrlError, discovery_url
from sidecar.settings.base import Model, Text
from sidecar.settings.bound import BoundTokensSettings
from sidecar.settings.credential import Credentials
from sidecar.settings.introspection import IntrospectionSettings, TokenReviewSettings
from sidecar.settings.keys import KeySource


class IssuerSettings(Model):
    """One token issuer that is trusted."""

    issuer: Text = Field(description="The 'iss' claim, compared exactly (RFC 7519, section 4.1.1).")
    audiences: list[Text] = Field(
        default=[],
        min_length=1,
        description="Who tokens must be meant for: one of these must be in 'aud'. Required, since without it a token "
        "for any other service of the same issuer would pass here (RFC 8725, section 3.9).",
    )
    any_audience: bool = Field(
        default=False,
        description="true, in place of 'audiences': tokens for anybody, or for nobody, are taken. Whatever other "
        "service gets a token of this issuer can use it here (RFC 8725, section 3.9).",
    )
    algorithms: list[Annotated[Algorithm, Field(strict=False)]] = Field(
        default=[Algorithm.EDDSA],
        min_length=1,
        description="Signature algorithms taken from this issuer. Pinned here, never by the token (RFC 8725, 3.1).",
    )
    token_types: list[Text] = Field(
        default=["JWT", "at+jwt"],
        min_length=1,
        description="Kinds of token that are taken, by 'typ' without regard to case; one without it is a JWT. Keeps "
        "logout tokens, DPoP proofs and the like of the same issuer from passing as access tokens (RFC 8725, 3.11).",
    )
    keys: KeySource | None = Field(
        None, description="Where the public keys come from. Required, unless the issuer is asked about its tokens."
    )
    introspection: IntrospectionSettings | None = Field(
        None, description="Ask the issuer about opaque tokens; about all of them where there are no 'keys'."
    )
    token_review: TokenReviewSettings | None = Field(
        None, description="Ask Kubernetes' API server about its service accounts' tokens."
    )
    bound_tokens: BoundTokensSettings | None = Field(
        None, description="Check what tokens are bound to ('cnf'). Default: tokens that are bound are refused."
    )
    credentials: Credentials = Field(default=[])
    clock_skew_seconds: float = Field(
        30.0,
        ge=0,
        le=300,
        description="Seconds clocks may differ by, for exp, nbf and iat. 30 covers NTP's usual error.",
    )
    max_lifetime_seconds: float | None = Field(
        None,
        gt=0,
        description="Longest lifetime of a token, in seconds from 'iat' (else from now) to 'exp'. Default: no limit.",
    )
    required_claims: list[Text] = Field(
        default=["sub"], description="Claims that must be there, beside iss, aud and exp, which always must."
    )

    @model_validator(mode="after")
    def _meant_for_somebody(self) -> Self:
        # INVARIANT: no list of audiences means that the configuration is refused, not that there is nothing to check.
        if not self.audiences and not self.any_audience:
            raise ValueError("'audiences' is missing; it is required, or else tokens for other services would pass")
        if self.audiences and self.any_audience:
            raise ValueError("'any_audience' is there in place of 'audiences'; write one of them")
        if self.any_audience and self.token_review is not None:
            raise ValueError("'token_review' has to ask for 'audiences'; name them, in place of 'any_audience'")
        return self

    @model_validator(mode="after")
    def _describes_itself(self) -> Self:
        if self.keys is not None and self.keys.discovery:
            try:
                discovery_url(self.issuer, allow_http=self.keys.fetch.allow_http)
            except UrlError as error:
                raise ValueError(f"'keys.discovery' needs a URL as issuer, and 'issuer' {error}") from None
        return self

    @model_validator(mode="after")
    def _some_way_to_tell(self) -> Self:
        if self.introspection is not None and self.token_review is not None:
            raise ValueError("give one of 'introspection' and 'token_review'")
        if self.keys is None and self.introspection is None and self.token_review is None:
            raise ValueError("give 'keys', or have the issuer asked: 'introspection' or 'token_review'")
        return self

    def asked(self) -> Introspection | None:
        """Return the endpoint that is asked about tokens, as the core knows it."""
        if self.token_review is not None:
            return self.token_review.introspection(tuple(self.audiences))
        return None if self.introspection is None else self.introspection.introspection()

    @property
    def is_remote(self) -> bool:
        """Say whether its keys are fetched."""
        return self.keys is not None and self.keys.is_remote
