"""What a sidecar's administration is asked to explain."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError

from sidecar.cases.model import RequestCase
from sidecar.cases.request import check_request
from sidecar.cases.run import Prepared
from sidecar.core.authenticate import KeyMissing
from sidecar.core.reason import Refusal
from sidecar.core.source import BEARER, Source
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.settings.base import Model
from sidecar.verify.token import identity_in

#: Characters of the longest token that Envoy lets through.
_LONGEST = 65536


class AskedError(Exception):
    """What was asked is none of that. The text has nothing of it but names of fields that there are."""


class Asked(Model):
    """A request, and the token that goes with it."""

    request: RequestCase = Field(description="The request, as in a file of cases.")
    token: Annotated[str, Field(min_length=1, max_length=_LONGEST)] | None = Field(
        None, description="The token; it is put where its issuer's tokens are taken from."
    )


def prepared_of(members: Mapping[str, Json], trust: Trust, now: float) -> Prepared:
    """Return it as it comes to the check; raises ``AskedError``."""
    try:
        asked = Asked.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise AskedError(f"{'.'.join(_names(first['loc']))}: {first['type']}") from None
    return with_token(asked.request, asked.token, trust, now)


def with_token(request: RequestCase, token: str | None, trust: Trust, now: float) -> Prepared:
    """Return a request with a token where its issuer's are taken from."""
    if token is None:
        return Prepared(check_request(request, None), None, now)
    compact = token.encode()
    return Prepared(check_request(request, token, _source(compact, trust, now)), compact, now)


def _source(token: bytes, trust: Trust, now: float) -> Source:
    try:
        sources = trust.issuers[identity_in(token, trust, now).issuer].sources
    except (Refusal, KeyMissing):
        return BEARER  # the check says what is wrong with it
    return BEARER if BEARER in sources else min(sources)


def _names(path: tuple[int | str, ...]) -> list[str]:
    """Return the parts of a path that are fields of ours, and no names that somebody made up."""
    known = {*Asked.model_fields, *RequestCase.model_fields, "address", "principal", "port"}
    return [str(part) if part in known else "?" for part in path]
