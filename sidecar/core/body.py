"""A request's body as policy reads it: one JSON object, sent as a whole, that every reader reads alike.

Envoy sends it if it is told to (``with_request_body``), as bytes or as text. How much of it came Envoy says in a header
of its own, which takes the place of one that a client sent, or is joined to it.
"""

import re
from collections.abc import Mapping
from typing import Final

from sidecar.core.headers_read import BODY_SENT, PARTIAL_BODY
from sidecar.core.reason import Reason, Refusal
from sidecar.core.sent import SentRequest
from sidecar.core.strict_json import DuplicateMemberError, Json, JsonError, loads_uncased_object

#: ``type/subtype`` of RFC 9110, section 8.3.1, for JSON and what is built on it (RFC 6839, section 3.1).
_JSON: Final = re.compile(r"application/json|[!#$&^_.+a-z0-9-]+/[!#$&^_.+a-z0-9-]+\+json", re.ASCII)
_CHARSETS: Final = frozenset({"", "utf-8", "utf8"})


def body_of(sent: SentRequest, longest: int) -> Mapping[str, Json] | None:
    """Return the body; ``None`` where there is none, or none that is read: no JSON, encoded, over ``longest`` bytes.

    Raises ``Refusal`` where it does not come as a whole, or would come to something else with another reader, and where
    Envoy was not told to send any.
    """
    if BODY_SENT not in sent.attributes.context_extensions:
        raise Refusal(Reason.ENVOY_CONFIG_STALE, "needs the body")
    data = _bytes(sent)
    if not data:
        return None
    if not _is_whole(sent.headers.get(PARTIAL_BODY, "")):
        raise Refusal(Reason.BODY_AMBIGUOUS, "it came in part")
    if len(data) > longest or not _is_plain_json(sent.headers):
        return None
    try:
        return loads_uncased_object(data)
    except DuplicateMemberError:
        raise Refusal(Reason.BODY_AMBIGUOUS, "a member is given twice") from None
    except JsonError:
        return None


def _bytes(sent: SentRequest) -> bytes:
    http = sent.attributes.request.http
    raw, text = bytes(http.raw_body), str(http.body)
    if raw and text:
        raise Refusal(Reason.BODY_AMBIGUOUS, "it came twice")
    # In a text Envoy shows "!" for what is not UTF-8: nobody knows what stood there.
    if "!" in text:
        raise Refusal(Reason.BODY_AMBIGUOUS, "a character that may stand for another; set pack_as_bytes")
    return raw or text.encode()


def _is_whole(said: str) -> bool:
    # Envoy's word, and beside it a client's where headers come one by one: one that says otherwise is enough.
    return all(one.strip() == "false" for one in said.split(","))


def _is_plain_json(headers: Mapping[str, str]) -> bool:
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        return False
    kind, *parameters = headers.get("content-type", "").lower().split(";")
    return _JSON.fullmatch(kind.strip()) is not None and all(map(_is_utf8, parameters))


def _is_utf8(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() != "charset" or value.strip().strip('"') in _CHARSETS
