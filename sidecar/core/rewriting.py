"""Cookies and query of a request without the credentials in them, for an upstream that is not to have those."""

import re
from functools import lru_cache
from typing import NamedTuple

from sidecar.core.effects.model import NO_EFFECT, Effects
from sidecar.core.effects.query import sent_parameters
from sidecar.core.sent import SentRequest
from sidecar.core.spelling import cookie
from sidecar.core.trust import ResponseSettings


class Rewritten(NamedTuple):
    """What changes: ``cookie`` is the header's new value, empty where it goes; ``parameters`` are taken off the query.

    ``None``: the Cookie header stays as it came.
    """

    cookie: str | None = None
    parameters: tuple[str, ...] = ()


AS_IT_CAME = Rewritten()


def rewritten(settings: ResponseSettings, request: SentRequest, effects: Effects, policy: str | None) -> Rewritten:
    """Say what of ``request``, which ``policy`` lets in, the upstream must not get.

    Raises ``Refusal`` for a query parameter in a spelling by which it would get it all the same.
    """
    cookies = () if settings.forward_token else settings.token_cookies
    # Envoy writes a query anew, in another order, where it takes something off: only where there is something.
    parameters = tuple(
        name for name in settings.token_parameters if request.query and _parameter(name).search(request.query)
    )
    if effects.changes_queries:
        parameters += _taken_off(effects, policy, request.query)
    header = request.headers.get("cookie", "")
    rest = _without(header, cookies) if header and cookies else header
    changed = None if rest == header else rest
    return Rewritten(changed, parameters) if changed is not None or parameters else AS_IT_CAME


def _taken_off(effects: Effects, policy: str | None, query: str) -> tuple[str, ...]:
    # INVARIANT: what one policy sets no client sends, whichever policy lets it in. Envoy removes after it sets.
    own = effects.allowed.get(policy or "", NO_EFFECT)
    sent = sent_parameters(query, tuple(sorted({*effects.set_parameters, *own.query_remove})))
    kept = {name for name, _ in own.query_set}
    return tuple(name for name in sent if name not in kept)


def _without(header: str, names: tuple[str, ...]) -> str:
    """Take the cookies off, and whatever else some server takes for one of them."""
    kept = [part for part in header.split(";") if not any(_cookie(name).search(part) for name in names)]
    return ";".join(kept).strip(" ")


@lru_cache(64)
def _parameter(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|&){re.escape(name)}(?=[=&]|\Z)")


_cookie = lru_cache(64)(cookie)
