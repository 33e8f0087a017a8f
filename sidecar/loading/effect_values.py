"""All values in effects: literal ones that nothing carries, and expressions that are none."""

from collections.abc import Iterable, Iterator, Mapping

from sidecar.core.field_value import UnsafeValueError, field_text
from sidecar.loading.effects import is_expression, value_of
from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings
from sidecar.settings.base import Model
from sidecar.settings.effects import AllowedSettings, DeniedSettings

_Inconsistency = tuple[FieldPath, str]
_Content = tuple[FieldPath, object]
#: Base64url of 16 KiB of claims, which is what the cost of an expression is reckoned with.
LARGEST_TOKEN = 21845
#: Where literal texts become headers or parameters.
_PLACES = (
    *(("upstream", "set"), ("upstream", "append"), ("client", "set"), ("client", "append")),
    *(("query", "set"), ("headers", "set")),
)


def value_inconsistencies(settings: Settings) -> Iterator[_Inconsistency]:
    """Yield each field's path and what is wrong."""
    yield from _literals(settings)
    yield from _expressions(settings)


def all_allowed(settings: Settings) -> Iterator[tuple[FieldPath, AllowedSettings]]:
    """Yield all 'allowed' there are, with their places."""
    for index, policy in enumerate(settings.policies):
        if policy.allowed is not None:
            yield ("policies", index, "allowed"), policy.allowed


def all_denied(settings: Settings) -> Iterator[tuple[FieldPath, DeniedSettings]]:
    """Yield all ways there are in which a denial is told, with their places."""
    for index, policy in enumerate(settings.policies):
        if policy.denied is not None:
            yield ("policies", index, "denied"), policy.denied
    for name in ("unauthenticated", "unauthorized"):
        denied = getattr(settings.response, name)
        if denied is not None:
            yield ("response", name), denied


def expressions(settings: Settings) -> Iterator[tuple[FieldPath, str]]:
    """Yield all expressions, with their places."""
    for where, one in all_allowed(settings):
        yield from _named(where, _contents(one, _PLACES), one.metadata, "metadata")
    for where, denied in all_denied(settings):
        yield from _named(where, _contents(denied, _PLACES), denied.values, "values")
        yield from _within((*where, "text"), denied.text)
        yield from _within((*where, "json"), denied.json_body)


def _named(
    where: FieldPath, contents: Iterator[_Content], others: Mapping[str, object], name: str
) -> Iterator[tuple[FieldPath, str]]:
    for path, value in (*contents, *(((name, each), value) for each, value in others.items())):
        yield from _within((*where, *path), value)


def _contents(effects: Model, places: Iterable[tuple[str, str]]) -> Iterator[_Content]:
    """Give what stands under names: each with its path."""
    for group, way in places:
        values = getattr(getattr(effects, group, None), way, {})
        yield from (((group, way, name), value) for name, value in values.items())


def _within(where: FieldPath, value: object) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, Mapping):
        if is_expression(value):
            yield (*where, "cel"), str(value["cel"])
            return
        for name, one in value.items():
            yield from _within((*where, name), one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _within((*where, number), one)


def _literals(settings: Settings) -> Iterator[_Inconsistency]:
    """Yield literal headers and parameters that would be refused in each request."""
    longest = settings.response.max_header_bytes
    for where, one in (*all_allowed(settings), *all_denied(settings)):
        for path, value in _contents(one, _PLACES):
            try:
                field_text(value if isinstance(value, str) else "", longest)
            except UnsafeValueError as error:
                yield (*where, *path), str(error)


def _expressions(settings: Settings) -> Iterator[_Inconsistency]:
    for where, text in expressions(settings):
        try:
            value = value_of(text)
        except ValueError as error:
            yield where, str(error)
            continue
        if "request.body" in value.variables:
            yield where, "looks at the body, which conditions alone may do"
        if "route.metadata" in value.variables and not settings.request.route_metadata:
            yield where, "looks at route.metadata, which Envoy is not told to send; name it in request.route_metadata"
        if settings.request.max_token_bytes > LARGEST_TOKEN and "identity.claims" in value.variables:
            yield (
                ("request", "max_token_bytes"),
                f"at most {LARGEST_TOKEN} where an expression looks at claims: its cost is bounded for so many",
            )
