"""What policies do beside deciding: headers, query parameters, metadata, and how a denial is told."""

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sidecar.core.effects.html import slots
from sidecar.settings.base import HeaderName, Model, checked
from sidecar.settings.location import check_location

#: Statuses that Envoy knows (envoy.type.v3.StatusCode), but for 407, which is about proxies.
STATUSES = (
    frozenset(range(400, 418)) - {407} | {421, 422, 423, 424, 426, 428, 429, 431} | (frozenset(range(500, 512)) - {509})
)
#: Members of a mapping or list.
_MOST = 32
_LONGEST = 8192


def _content(value: object) -> object:
    is_expression = isinstance(value, dict) and value.keys() == {"cel"} and isinstance(value["cel"], str)
    if not isinstance(value, str) and not is_expression:
        raise ValueError("allowed: a text (a number in quotes), or cel: with an expression")
    return value


def _status(value: int) -> int:
    if value not in STATUSES:
        raise ValueError(f"{value} is no status of a denial that Envoy knows; write one from 400 on, such as 404")
    return value


def _json(value: object) -> object:
    try:
        size = len(json.dumps(value, allow_nan=False).encode())
    except (TypeError, ValueError):
        raise ValueError("has something that JSON has not, such as a date; write it in quotes") from None
    if size > _LONGEST:
        raise ValueError(f"has {size} bytes; at most {_LONGEST}")
    return value


#: A text as it is, or an expression.
Content = Annotated[str | dict[str, str], BeforeValidator(_content)]
#: What needs no percent-encoding (RFC 3986, section 2.3).
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$")]
MetadataName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$")]
_Headers = Annotated[dict[HeaderName, Content], Field(max_length=_MOST)]


def _short(value: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(value, str) and len(value.encode()) > _LONGEST:
        raise ValueError(f"has {len(value.encode())} bytes; at most {_LONGEST}")
    return value


class _SomethingModel(Model):
    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("says nothing; leave it out")
        return self


class UpstreamSettings(_SomethingModel):
    """Headers of the request, for the upstream."""

    set: _Headers = Field(
        default={},
        description="In place of whatever the client sent. No client can send these: they are removed from every other "
        "request, whatever lets it in.",
    )
    append: _Headers = Field(
        default={}, description="Behind a comma after what the client sent, or alone where it sent none."
    )
    remove: list[HeaderName] = Field(default=[], max_length=_MOST, description="What the upstream does not get.")


class ClientSettings(_SomethingModel):
    """Headers of the response, for the client."""

    set: _Headers = Field(default={}, description="In place of whatever the upstream sent.")
    append: _Headers = Field(
        default={}, description="Behind a comma after what the upstream sent, or alone where it sent none."
    )


class QuerySettings(_SomethingModel):
    """Query parameters of the request, for the upstream."""

    set: Annotated[dict[ParameterName, Content], Field(max_length=_MOST)] = Field(
        default={}, description="Percent-encoded, in place of whatever the client sent; as with headers, no client can."
    )
    remove: list[ParameterName] = Field(default=[], max_length=_MOST, description="What the upstream does not get.")


class AllowedSettings(_SomethingModel):
    """What is done to the requests that an 'allow' policy lets in. A value that cannot be told denies the request."""

    upstream: UpstreamSettings | None = None
    client: ClientSettings | None = None
    query: QuerySettings | None = None
    metadata: Annotated[dict[MetadataName, Content], Field(max_length=_MOST)] = Field(
        default={}, description="Dynamic metadata for Envoy, under 'policy_metadata'; of any type that JSON has."
    )


class RedirectSettings(Model):
    """Where browsers are sent that ask for a page (GET or HEAD, Accept has text/html, Sec-Fetch-Mode is navigate)."""

    to: str = Field(
        max_length=2048,
        description="A URL; {url} at the end of a parameter's name becomes what was asked for, percent-encoded.",
    )
    allow_http: bool = Field(default=False, description="Take a URL without TLS.")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        check_location(self.to, allow_http=self.allow_http)
        return self


class DeniedHeaderSettings(_SomethingModel):
    """Headers of the denial."""

    set: _Headers = Field(default={}, description="Beside those that it has.")


class DeniedSettings(_SomethingModel):
    """How a denial is told. What cannot be told leaves the usual answer; gRPC's callers get that in any case."""

    status: Annotated[int, AfterValidator(_status)] | None = Field(None, description="In place of the reason's own.")
    json_body: Annotated[dict[str, Any], BeforeValidator(_json)] | None = Field(
        None, alias="json", description="A body of JSON; cel: with an expression stands for its value, at any place."
    )
    html: Annotated[str, checked(slots), AfterValidator(_short)] | None = Field(
        None,
        min_length=1,
        description="A page; {{ name }} in its text is one of 'values', escaped.",
    )
    values: Annotated[dict[str, Content], Field(max_length=_MOST)] = Field(
        default={}, description="With 'html': the values in it."
    )
    text: Annotated[Content, AfterValidator(_short)] | None = Field(None, description="A body of plain text.")
    redirect: RedirectSettings | None = None
    headers: DeniedHeaderSettings | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if sum(one is not None for one in (self.json_body, self.html, self.text)) > 1:
            raise ValueError("give one of 'json', 'html' and 'text'")
        names = set() if self.html is None else set(slots(self.html)[1])
        missing = sorted(names.symmetric_difference(self.values))
        if missing:
            raise ValueError(f"{missing[0]!r} is to be in 'values' and, as {{{{ {missing[0]} }}}}, in 'html'")
        return self
