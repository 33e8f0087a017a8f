"""What may stand in a RequestAuthentication."""

import re
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from sidecar.core.strict_json import JsonError, loads_object
from sidecar.istio.authorization import TARGETS
from sidecar.istio.objects import Metadata, Selector, refused
from sidecar.keys.remote.url import UrlError, discovery_url
from sidecar.settings.base import Model, Text, checked

_Texts = Annotated[list[Text] | None, Field(min_length=1)]
_PAYLOAD = (
    "is not taken: name the claims in 'outputClaimToHeaders', or have a token of ours sent along ('assertion' in the "
    "configuration, docs/minting.md)"
)
#: As Go writes durations, for what makes sense here.
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"([0-9.]+)(ms|s|m|h)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
#: Claims that are split at spaces, here as there.
_SPLIT = frozenset({"scope", "permission"})


def seconds(text: str) -> float:
    """Read a duration; raises ``ValueError``."""
    if _DURATION.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no duration; write it as '5s' or '500ms'")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _json(text: str) -> None:
    try:
        loads_object(text.encode())
    except JsonError as error:
        raise ValueError(f"is no JWK Set: {error}") from None


def _scheme(text: str) -> None:
    if text and not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} ?", text, re.ASCII):
        raise ValueError(f"found {text!r}; allowed: a scheme and a space, as in 'Bearer '")


def _split(name: str) -> None:
    if name not in _SPLIT:
        raise ValueError(
            f"{name!r} is not split at spaces here, {' and '.join(sorted(_SPLIT))} always are; leave it out"
        )


class FromHeader(Model):
    """One entry of ``fromHeaders``."""

    name: Text
    prefix: Annotated[str, checked(_scheme)] = ""

    @model_validator(mode="after")
    def _authorization_has_a_scheme(self) -> Self:
        if self.name.lower() == "authorization" and not self.prefix:
            raise ValueError("a token in Authorization has a scheme before it; write prefix: 'Bearer '")
        return self


class ClaimToHeader(Model):
    """One entry of ``outputClaimToHeaders``."""

    header: Text
    claim: Text


class JwtRule(Model):
    """One entry of ``jwtRules``."""

    issuer: Text
    audiences: _Texts = None
    jwks_uri: Text | None = Field(None, alias="jwksUri")
    jwks_uri_too: Text | None = Field(None, alias="jwks_uri")
    jwks: Annotated[str, checked(_json)] | None = None
    from_headers: Annotated[list[FromHeader] | None, Field(min_length=1)] = Field(None, alias="fromHeaders")
    from_params: _Texts = Field(None, alias="fromParams")
    from_cookies: _Texts = Field(None, alias="fromCookies")
    forward: bool = Field(default=False, alias="forwardOriginalToken")
    payload_header: Annotated[Any, refused(_PAYLOAD)] = Field(None, alias="outputPayloadToHeader")
    claim_headers: list[ClaimToHeader] = Field(default=[], alias="outputClaimToHeaders")
    timeout: Annotated[str, checked(seconds)] | None = None
    space_delimited: list[Annotated[str, checked(_split)]] = Field(default=[], alias="spaceDelimitedClaims")

    @property
    def url(self) -> str | None:
        """Return where its keys are fetched, if that is said."""
        return self.jwks_uri or self.jwks_uri_too

    @model_validator(mode="after")
    def _keys_from_one_place(self) -> Self:
        if [self.jwks_uri, self.jwks_uri_too, self.jwks].count(None) < 2:  # noqa: PLR2004 - all but one
            raise ValueError("give one of 'jwksUri' and 'jwks'")
        if self.url is None and self.jwks is None:
            try:
                discovery_url(self.issuer, allow_http=True)
            except UrlError as error:
                raise ValueError(f"give 'jwksUri' or 'jwks': {self.issuer!r} does not say where: it {error}") from None
        return self


class RequestAuthenticationSpec(Model):
    """``spec``."""

    selector: Selector | None = None
    target_ref: Annotated[Any, refused(TARGETS)] = Field(None, alias="targetRef")
    target_refs: Annotated[Any, refused(TARGETS)] = Field(None, alias="targetRefs")
    rules: list[JwtRule] = Field(default=[], alias="jwtRules")


class RequestAuthentication(Model):
    """The whole document."""

    api_version: str = Field(alias="apiVersion")
    kind: str
    metadata: Metadata
    spec: RequestAuthenticationSpec = Field(default_factory=lambda: RequestAuthenticationSpec.model_validate({}))
