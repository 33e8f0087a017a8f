"""Effect settings to the compiled effects."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sidecar.core.effects.html import slots
from sidecar.core.effects.model import (
    NO_EFFECTS,
    Allowed,
    Body,
    Content,
    Denied,
    Effects,
    HtmlBody,
    JsonBody,
    Named,
    Origin,
    Redirect,
    Shape,
    TextBody,
)
from sidecar.core.policy.model import Value
from sidecar.settings import Settings
from sidecar.settings.effects import AllowedSettings, DeniedSettings, RedirectSettings
from sidecar.settings.location import URL

#: Expressions that are kept.
_KEPT = 1024


@lru_cache(_KEPT)
def value_of(expression: str) -> Value:
    """Compile an expression, once: it is checked first, and at each reload it mostly stays. Raises ``CelError``."""
    from sidecar.cel import compile_value  # noqa: PLC0415 - 14 MB that nobody needs who has no expression

    return compile_value(expression)


def is_expression(value: object) -> bool:
    """Say whether a value of a document is ``{cel: …}``."""
    return isinstance(value, dict) and value.keys() == {"cel"}


def build_effects(settings: Settings) -> Effects:
    """Compile the effects of ``settings``."""
    response = settings.response
    allowed = {one.name: _allowed(one.allowed) for one in settings.policies if one.allowed is not None}
    denied = {one.name: _denied(one.denied) for one in settings.policies if one.denied is not None}
    if not (allowed or denied or response.unauthenticated or response.unauthorized):
        return NO_EFFECTS
    return Effects(
        allowed=allowed,
        denied=denied,
        unauthenticated=None if response.unauthenticated is None else _denied(response.unauthenticated),
        unauthorized=None if response.unauthorized is None else _denied(response.unauthorized),
        origins=tuple(Origin(text, text.partition("://")[2]) for text in response.public_origins),
    )


def _allowed(settings: AllowedSettings) -> Allowed:
    upstream, client, query = settings.upstream, settings.client, settings.query
    return Allowed(
        set=_named(upstream.set if upstream else {}),
        append=_named(upstream.append if upstream else {}),
        remove=tuple(upstream.remove if upstream else ()),
        client_set=_named(client.set if client else {}),
        client_append=_named(client.append if client else {}),
        query_set=_named(query.set if query else {}),
        query_remove=tuple(query.remove if query else ()),
        metadata=_named(settings.metadata),
    )


def _denied(settings: DeniedSettings) -> Denied:
    return Denied(
        status=settings.status,
        body=_body(settings),
        redirect=None if settings.redirect is None else _redirect(settings.redirect),
        headers=_named(settings.headers.set if settings.headers else {}),
    )


def _body(settings: DeniedSettings) -> Body | None:
    if settings.json_body is not None:
        return JsonBody(_shape(settings.json_body))
    if settings.html is not None:
        return HtmlBody(*slots(settings.html), _named(settings.values))
    return None if settings.text is None else TextBody(_content(settings.text))


def _redirect(settings: RedirectSettings) -> Redirect:
    before, found, after = settings.to.partition(URL)
    return Redirect(before, after, bool(found))


def _named(values: Mapping[str, str | dict[str, str]]) -> Named:
    return tuple((name, _content(value)) for name, value in values.items())


def _content(value: str | dict[str, str]) -> Content:
    return value if isinstance(value, str) else value_of(value["cel"])


def _shape(value: Any) -> Shape:  # noqa: ANN401 - any JSON
    if is_expression(value):
        return value_of(value["cel"])
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    return [_shape(one) for one in value] if isinstance(value, list) else value
