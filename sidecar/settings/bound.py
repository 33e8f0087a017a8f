"""Tokens that are bound to a key: which bindings are checked, and how."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sidecar.core.algorithm import SYMMETRIC, Algorithm
from sidecar.core.binding import BoundTokens, Dpop
from sidecar.settings.base import Model, checked
from sidecar.settings.location import check_origin


class DpopSettings(Model):
    """Proofs of possession (RFC 9449)."""

    algorithms: list[Annotated[Algorithm, Field(strict=False)]] = Field(
        default=[Algorithm.EDDSA, Algorithm.ES256],
        min_length=1,
        description="Signature algorithms of proofs. ES256 is what browsers and most libraries sign with.",
    )
    max_age_seconds: float = Field(
        60.0,
        ge=1,
        le=600,
        description="Seconds from a proof's 'iat' in which it may be used, once; clock_skew_seconds come on top.",
    )
    origins: list[Annotated[str, checked(check_origin)]] = Field(
        default=[],
        max_length=32,
        description="Origins in 'htu' that clients know this service by, such as https://api.example. Default: scheme "
        "and host as Envoy was asked; behind something that ends TLS or changes the host these are others.",
    )

    @model_validator(mode="after")
    def _asymmetric(self) -> Self:
        if not SYMMETRIC.isdisjoint(self.algorithms):
            raise ValueError("HS256 is for no proof: whoever can verify it can make it")
        return self

    def dpop(self) -> Dpop:
        """Return it as the core knows it."""
        return Dpop(frozenset(self.algorithms), self.max_age_seconds, frozenset(self.origins))


class BoundTokensSettings(Model):
    """Tokens with 'cnf' (RFC 7800). Bindings that are not checked here are refused."""

    mtls: bool = Field(
        default=False,
        description="Check 'x5t#S256' against the client certificate of Envoy's connection (RFC 8705). Envoy has to "
        "end TLS with the client itself.",
    )
    dpop: DpopSettings | None = Field(
        None, description="Check 'jkt' by the proof in the DPoP header (RFC 9449); {} for the defaults."
    )
    required: bool = Field(default=False, description="Refuse tokens of this issuer that are not bound.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.mtls and self.dpop is None:
            raise ValueError("give 'mtls: true' or 'dpop', else nothing is checked")
        return self

    def bound(self) -> BoundTokens:
        """Return it as the core knows it."""
        return BoundTokens(self.mtls, None if self.dpop is None else self.dpop.dpop(), self.required)
