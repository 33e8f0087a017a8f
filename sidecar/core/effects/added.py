"""What an allow policy's effects come to for one request."""

from collections.abc import Mapping
from typing import NamedTuple

from sidecar.core.effects.model import Allowed, Content, Named
from sidecar.core.effects.query import encoded
from sidecar.core.effects.value import UntoldError, told, told_json
from sidecar.core.field_value import UnsafeValueError, field_text
from sidecar.core.policy.case import Case
from sidecar.core.strict_json import Json

#: Bytes of a policy's metadata together, as JSON: all of it is kept with the request while Envoy has that.
_MOST_METADATA = 16384


class Added(NamedTuple):
    """Headers, parameters and metadata. What has no text is in none of them.

    ``set`` and ``append`` are the request's headers, ``remove`` those that it must not have; ``append`` has those alone
    that the client sent. ``parameters`` are percent-encoded.
    """

    set: Mapping[str, str] = {}
    append: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()
    client_set: tuple[tuple[str, str], ...] = ()
    client_append: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, Json] = {}


NOTHING = Added()


def added(effects: Allowed, case: Case, longest: int) -> Added:
    """Evaluate ``effects`` of a request; raises ``UntoldError``. ``longest``: bytes of a header or parameter."""
    appended = _texts("upstream.append", effects.append, case, longest)
    sent = case.request.headers
    # Envoy appends to what is there, and to nothing else.
    missing = {name: text for name, text in appended if name not in sent}
    return Added(
        set=dict(_texts("upstream.set", effects.set, case, longest)) | missing,
        append=tuple(one for one in appended if one[0] in sent),
        remove=effects.remove,
        client_set=_texts("client.set", effects.client_set, case, longest),
        client_append=_texts("client.append", effects.client_append, case, longest),
        parameters=_parameters(effects.query_set, case, longest),
        metadata=_metadata(effects.metadata, case),
    )


def text_of(value: Content, case: Case, place: str, longest: int) -> str:
    """Return a value as a header's text; raises ``UntoldError``."""
    try:
        return field_text(told(value, case, place), longest)
    except UnsafeValueError as error:
        raise UntoldError(f"{place}: {error}") from None


def _texts(place: str, named: Named, case: Case, longest: int) -> tuple[tuple[str, str], ...]:
    found = ((name, text_of(value, case, f"{place}.{name}", longest)) for name, value in named)
    return tuple(one for one in found if one[1])


def _parameters(named: Named, case: Case, longest: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, encoded(text_of(value, case, f"query.set.{name}", longest))) for name, value in named)


def _metadata(named: Named, case: Case) -> dict[str, Json]:
    found: dict[str, Json] = {}
    left = _MOST_METADATA
    for name, value in named:
        found[name], size = told_json(value, case, f"metadata.{name}", left)
        left -= size
    return found
