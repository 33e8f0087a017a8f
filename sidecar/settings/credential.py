"""Where credentials come from: of an issuer's tokens, and of API keys."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sidecar.core.source import BEARER, Source
from sidecar.settings.base import HeaderName, Model

#: ``token`` of RFC 9110, section 5.6.2.
_Scheme = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")]
#: Fewer than RFC 6265's: what no server reads otherwise, and an underscore only where something stands before it.
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?$")]
_CookieName = Annotated[str, Field(pattern=r"^(__Host-|__Secure-)?[A-Za-z0-9-]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?$")]


class HeaderSource(Model):
    """A header: its name, and the scheme before the credential."""

    name: HeaderName = Field("authorization", description="The header's name, in small letters.")
    prefix: _Scheme | None = Field(
        None,
        description="The scheme before the credential, without its space. Default: Bearer in Authorization, elsewhere "
        "none, which makes the whole value the credential.",
    )

    @model_validator(mode="after")
    def _not_dpop(self) -> Self:
        if (self.prefix or "").lower() == "dpop":
            raise ValueError("'DPoP' is taken where the issuer has 'bound_tokens' with 'dpop', and nowhere else")
        return self


class CookieSource(Model):
    """A cookie."""

    name: _CookieName = Field(
        description="The cookie's name. Browsers send it along with requests that other sites make: set it with "
        "SameSite, and protect what changes something (CSRF); a name with __Host- keeps subdomains from setting it."
    )


class QuerySource(Model):
    """A query parameter."""

    name: _Name = Field(
        description="The parameter's name. URLs end in logs, histories and Referer headers, so use it only where a "
        "client can do nothing else (RFC 9700, section 4.3.2). The upstream never gets it."
    )


class CredentialSettings(Model):
    """One place where credentials are taken from: exactly one of these."""

    header: HeaderSource | None = Field(None, description="A header; {} for Authorization: Bearer.")
    cookie: CookieSource | None = Field(None, description="A cookie.")
    query: QuerySource | None = Field(None, description="A query parameter.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if [self.header, self.cookie, self.query].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("give exactly one of 'header', 'cookie' and 'query'")
        return self

    def source(self) -> Source:
        """Return it as the core knows it."""
        if self.header is not None:
            name = self.header.name
            usual = BEARER.scheme if name == BEARER.name else ""
            return Source("header", name, (self.header.prefix or usual).lower())
        if self.cookie is not None:
            return Source("cookie", self.cookie.name)
        assert self.query is not None  # noqa: S101 - the validator's
        return Source("query", self.query.name)


Credentials = Annotated[
    list[CredentialSettings],
    Field(
        max_length=8,
        description="Where they are taken from. A request has one of them, or is refused (several_credentials). "
        "Default: Authorization: Bearer alone.",
    ),
]


def sources_of(credentials: list[CredentialSettings]) -> frozenset[Source]:
    """Return the places, the usual one where none is named."""
    return frozenset(one.source() for one in credentials) or frozenset({BEARER})
