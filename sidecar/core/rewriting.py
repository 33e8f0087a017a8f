"""Cookies and query of a request without the credentials in them, for an upstream that is not to have those."""

import re
from functools import lru_cache
from typing import NamedTuple

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


def rewritten(settings: ResponseSettings, request: SentRequest) -> Rewritten:
    """Say what of ``request`` the upstream must not get."""
    cookies = () if settings.forward_token else settings.token_cookies
    # Envoy writes a query anew, in another order, where it takes something off: only where there is something.
    parameters = tuple(
        name for name in settings.token_parameters if request.query and _parameter(name).search(request.query)
    )
    header = request.headers.get("cookie", "")
    rest = _without(header, cookies) if header and cookies else header
    changed = None if rest == header else rest
    return Rewritten(changed, parameters) if changed is not None or parameters else AS_IT_CAME


def _without(header: str, names: tuple[str, ...]) -> str:
    """Take the cookies off, and whatever else some server takes for one of them."""
    kept = [part for part in header.split(";") if not any(_cookie(name).search(part) for name in names)]
    return ";".join(kept).strip(" ")


@lru_cache(64)
def _parameter(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|&){re.escape(name)}(?=[=&]|\Z)")


_cookie = lru_cache(64)(cookie)
