"""The configuration, as one typed model: unit, default and reason for every field.

Names are snake_case with the unit in them; policies alone carry Istio's camelCase, since users know them. Values are
strict: a quoted number is a string and refused, rather than guessed at. ``sidecar.loading`` reads this from YAML and
environment, and makes a ``Trust`` of it.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sidecar.core.algorithm import Algorithm
from sidecar.core.path import PathMode
from sidecar.core.policy.key import parse_claim_path, parse_key
from sidecar.core.policy.match import check_path_pattern, check_pattern
from sidecar.core.policy.model import Action
from sidecar.transport import address


def _checked(check: Callable[[str], object]) -> AfterValidator:
    def validate(value: str) -> str:
        check(value)
        return value

    return AfterValidator(validate)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: Header names identity may travel in: lower-case, without ``_`` (which other servers fold into ``-``).
HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=128)]
Text = Annotated[str, Field(min_length=1, max_length=2048)]
Pattern = Annotated[str, _checked(check_pattern)]
PathPattern = Annotated[str, _checked(check_path_pattern)]
Port = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[1-9][0-9]{0,4}$")]
#: ``scope-token`` of RFC 6749, section 3.3: it stands between quotes in WWW-Authenticate.
Scope = Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$")]
ClaimPath = Annotated[str, Field(min_length=1), _checked(parse_claim_path)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


class _PolicyModel(_Model):
    """A part of a policy, where a field that is left empty must not widen what the rule matches."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("is empty; give a value, or leave the field out")
        return value


class KeySource(_Model):
    """Where an issuer's public keys come from: exactly one of these."""

    file: Text | None = Field(
        None, description="A JWK Set file; a relative path is relative to the configuration's folder."
    )
    jwks: dict[str, Any] | None = Field(
        None, description="A JWK Set, inline: for tests and for keys that never change."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.jwks is None):
            raise ValueError("give exactly one of 'file' and 'jwks'")
        return self


class IssuerSettings(_Model):
    """One token issuer that is trusted."""

    issuer: Text = Field(description="The 'iss' claim, compared exactly (RFC 7519, section 4.1.1).")
    audiences: list[Text] = Field(
        min_length=1,
        description="Who tokens must be meant for: one of these must be in 'aud'. Required, since without it a token "
        "for any other service of the same issuer would pass here (RFC 8725, section 3.9).",
    )
    algorithms: list[Annotated[Algorithm, Field(strict=False)]] = Field(
        default=[Algorithm.EDDSA],
        min_length=1,
        description="Signature algorithms taken from this issuer. Pinned here, never by the token (RFC 8725, 3.1).",
    )
    keys: KeySource = Field(description="Where the public keys come from.")
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


class RequestSettings(_Model):
    """How requests are read."""

    path_mode: Annotated[PathMode, Field(strict=False)] = Field(
        PathMode.REJECT,
        description="'reject' denies every path that is not in normal form. The others are Istio's pathNormalization "
        "modes (none, base, merge_slashes, decode_and_merge_slashes): Envoy must then normalise in the same way.",
    )
    max_token_bytes: int = Field(
        8192,
        ge=256,
        le=65536,
        description="Bytes of the largest token that is looked at; bounds the work an attacker buys.",
    )


class OperationSettings(_PolicyModel):
    """``to.operation`` of Istio's AuthorizationPolicy: fields joined by AND, values by OR."""

    hosts: list[Pattern] | None = Field(None, min_length=1)
    not_hosts: list[Pattern] | None = Field(None, min_length=1, alias="notHosts")
    ports: list[Port] | None = Field(None, min_length=1)
    not_ports: list[Port] | None = Field(None, min_length=1, alias="notPorts")
    methods: list[Pattern] | None = Field(None, min_length=1)
    not_methods: list[Pattern] | None = Field(None, min_length=1, alias="notMethods")
    paths: list[PathPattern] | None = Field(None, min_length=1)
    not_paths: list[PathPattern] | None = Field(None, min_length=1, alias="notPaths")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("an operation without fields would match every request; leave 'to' out if that is meant")
        return self


class SourceSettings(_PolicyModel):
    """``from.source``: who the token speaks for, as ``issuer/subject``."""

    request_principals: list[Pattern] | None = Field(None, min_length=1, alias="requestPrincipals")
    not_request_principals: list[Pattern] | None = Field(None, min_length=1, alias="notRequestPrincipals")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a source without fields would match everybody; leave 'from' out if that is meant")
        return self


class FromSettings(_PolicyModel):
    """One entry of ``from``."""

    source: SourceSettings


class ToSettings(_PolicyModel):
    """One entry of ``to``."""

    operation: OperationSettings


class ConditionSettings(_PolicyModel):
    """One entry of ``when``."""

    key: Annotated[str, _checked(parse_key)] = Field(description="An attribute, such as request.auth.claims[groups].")
    values: list[Pattern] | None = Field(None, min_length=1)
    not_values: list[Pattern] | None = Field(None, min_length=1, alias="notValues")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.values is None and self.not_values is None:
            raise ValueError("give 'values', 'notValues' or both")
        return self


class RuleSettings(_PolicyModel):
    """One rule: from AND to AND when. A rule with none of them matches every request that has a valid token."""

    from_: list[FromSettings] | None = Field(None, min_length=1, alias="from")
    to: list[ToSettings] | None = Field(None, min_length=1)
    when: list[ConditionSettings] | None = Field(None, min_length=1)


class PolicySettings(_PolicyModel):
    """A named policy."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")] = Field(
        description="Seen in logs and metadata; unique."
    )
    action: Annotated[Action, Field(strict=False)] = Field(
        description="'deny' policies are looked at before 'allow' ones."
    )
    scopes: list[Scope] = Field(
        default=[], description="For 'allow': OAuth scopes that must all be in the token, else 403 insufficient_scope."
    )
    rules: list[RuleSettings] = Field(min_length=1, description="Joined by OR.")

    @model_validator(mode="after")
    def _scopes_allow(self) -> Self:
        if self.scopes and self.action is not Action.ALLOW:
            raise ValueError(
                "'scopes' goes with 'action: allow' only: a deny policy that waits for scopes would deny less"
            )
        return self


class IdentityHeaderSettings(_Model):
    """Headers the upstream gets. A client's own copies are removed on every request, public paths included."""

    subject: HeaderName | None = Field("x-auth-subject", description="'sub'; null to send none.")
    issuer: HeaderName | None = Field("x-auth-issuer", description="'iss'; null to send none.")
    scopes: HeaderName | None = Field(
        "x-auth-scopes", description="Scopes, sorted, joined by spaces; null to send none."
    )
    claims: dict[ClaimPath, HeaderName] = Field(
        default={}, description="More claims, by name or as [outer][inner]. Lists of strings are joined by commas."
    )


class ResponseSettings(_Model):
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


class Settings(_Model):
    """The whole configuration file."""

    listen: Annotated[str, _checked(address.parse)] = Field(
        "127.0.0.1:9191", description="Where Envoy asks: unix:/path, unix:@name or a loopback address with a port."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    shutdown_grace_seconds: float = Field(
        10.0, ge=0, le=300, description="Seconds that checks under way get after SIGTERM. Less than Kubernetes' 30."
    )
    issuers: list[IssuerSettings] = Field(min_length=1, description="Whose tokens are taken.")
    request: RequestSettings = Field(default_factory=lambda: RequestSettings.model_validate({}))
    public: list[OperationSettings] = Field(
        default=[], description="Operations that need no token. Deny policies still hold."
    )
    cors_preflight: list[OperationSettings] = Field(
        default=[], description="Operations whose CORS preflight needs no token; browsers send none with it."
    )
    policies: list[PolicySettings] = Field(
        default=[], description="What a valid token may do. Without a match: denied."
    )
    response: ResponseSettings = Field(default_factory=lambda: ResponseSettings.model_validate({}))
