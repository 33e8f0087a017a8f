"""How a denial is told to the client."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sidecar.core.decision import Denial
from sidecar.core.effects.added import text_of
from sidecar.core.effects.html import filled
from sidecar.core.effects.model import Body, Denied, Effects, HtmlBody, JsonBody, Shape, TextBody
from sidecar.core.effects.redirect import is_grpc, is_navigation, location
from sidecar.core.effects.value import UntoldError, told_json
from sidecar.core.policy.case import Case
from sidecar.core.reason import OUTCOMES
from sidecar.core.strict_json import Json

#: Bytes of a body. Envoy's configuration (``max_denied_response_body_bytes``) has as many, and cuts what is longer.
MOST_BODY = 16384
_LONGEST_HEADER = 4096
_UNAUTHENTICATED, _FORBIDDEN, _FOUND = 401, 403, 302
_NO_SNIFFING = ("x-content-type-options", "nosniff")
#: Whatever a template has, and whatever got into it: no scripts run, nothing is sent, and nobody frames it.
_PAGE_POLICY = (
    "content-security-policy",
    (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
)


class Reply(NamedTuple):
    """``status``, and ``body`` with its ``content_type``, where they are others than usual; ``headers`` beside them.

    ``problem`` says why it is not what the configuration says: it cannot be told.
    """

    status: int | None = None
    content_type: str | None = None
    body: str | None = None
    headers: Mapping[str, str] = {}
    problem: str = ""

    @property
    def is_redirect(self) -> bool:
        """Say whether the client is sent elsewhere."""
        return self.status == _FOUND


USUAL = Reply()


def chosen(effects: Effects, denial: Denial) -> Denied | None:
    """Return how a denial is to be told; ``None``: as usual."""
    status = OUTCOMES[denial.reason].status
    if status == _UNAUTHENTICATED:
        return effects.unauthenticated
    if status != _FORBIDDEN:
        return None
    return effects.denied.get(denial.policy or "", effects.unauthorized)


def reply(denied: Denied, case: Case, effects: Effects, secret: tuple[str, ...]) -> Reply:
    """Tell a denial to who asked: browsers may be sent elsewhere; gRPC's callers have a form of their own.

    ``secret`` are query parameters that have credentials. What cannot be told leaves the usual answer.
    """
    request = case.request
    if is_grpc(request):
        return USUAL
    try:
        headers = {name: text_of(value, case, f"headers.{name}", _LONGEST_HEADER) for name, value in denied.headers}
        headers = {name: text for name, text in headers.items() if text}
        if denied.redirect is not None and is_navigation(request):
            place = location(denied.redirect, case, effects.origins, secret)
            if place is not None:
                return Reply(_FOUND, "text/plain; charset=utf-8", "", {**headers, "location": place})
        if denied.body is None:
            return Reply(denied.status, headers=headers)
        content_type, body, fixed = _body(denied.body, case)
    except UntoldError as error:
        return Reply(problem=str(error))
    return Reply(denied.status, content_type, body, {**dict(fixed), **headers})


def _body(body: Body, case: Case) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return content type, body, and the headers that go with it."""
    made: tuple[str, str, tuple[tuple[str, str], ...]]
    match body:
        case JsonBody():
            found = json.dumps(_shaped(body.content, case, "json"), allow_nan=False) + "\n"
            made = "application/json", found, (_NO_SNIFFING,)
        case HtmlBody():
            values = dict(body.values)
            texts = [text_of(values[name], case, f"values.{name}", MOST_BODY) for name in body.names]
            made = "text/html; charset=utf-8", filled(body.parts, texts), (_NO_SNIFFING, _PAGE_POLICY)
        case TextBody():
            text = body.text if isinstance(body.text, str) else text_of(body.text, case, "text", MOST_BODY)
            made = "text/plain; charset=utf-8", text, (_NO_SNIFFING,)
    if len(made[1].encode()) > MOST_BODY:
        raise UntoldError(f"body: longer than {MOST_BODY} bytes")
    return made


def _shaped(shape: Shape, case: Case, place: str) -> Json:
    if shape is None or isinstance(shape, str | int | float):
        return shape
    if isinstance(shape, Mapping):
        return {name: _shaped(one, case, f"{place}.{name}") for name, one in shape.items()}
    if isinstance(shape, Sequence):
        return [_shaped(one, case, f"{place}[{number}]") for number, one in enumerate(shape)]
    return told_json(shape, case, place, MOST_BODY)[0]
