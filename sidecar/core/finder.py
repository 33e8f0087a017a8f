"""The one credential of a request, wherever a configuration lets it be: headers, cookies, query parameters.

INVARIANT: a request has one credential, or none is looked at. What somebody behind us might take for a second one
counts as one: two cookies of a name, a header whose hyphens are written as underscores, whatever Authorization has.
"""

import re
from collections.abc import Callable, Collection, Mapping
from itertools import islice

from sidecar.core.credential import TOKEN, Credential, refuse_token_in_query, scheme_and_token
from sidecar.core.reason import Reason, Refusal
from sidecar.core.request import Request
from sidecar.core.source import Source
from sidecar.core.spelling import ODD, cookie, parameter

#: What needs no encoding in a query (RFC 3986, section 2.3), and so has one spelling there.
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)

#: A place that is looked at: its credential, ``None`` where there is nothing, ``False`` for one of another scheme.
_Look = Callable[[Request], Credential | bool | None]


class Finder:
    """Finds credentials in ``sources``, and in no other place."""

    def __init__(self, sources: Collection[Source]) -> None:
        # Authorization is always looked at: beside another credential whatever is in it is a second one.
        headers: dict[str, dict[str, Source]] = {"authorization": {}}
        for source in sources:
            if source.kind == "header":
                headers.setdefault(source.name, {})[source.scheme] = source
        others = sorted(source for source in sources if source.kind != "header")
        self._looks: list[_Look] = [_in_header(name, schemes) for name, schemes in sorted(headers.items())]
        self._looks += [_in_cookie(one) if one.kind == "cookie" else _in_query(one) for one in others]
        self._hyphenated = frozenset(name for name in headers if "-" in name)
        self._refuses_access_token = not any(one.name == "access_token" for one in others if one.kind == "query")

    def find(self, request: Request) -> Credential:
        """Return the credential; raises ``Refusal`` for none, several or one that is malformed."""
        if self._hyphenated:
            self._refuse_lookalikes(request.headers)
        found = [credential for look in self._looks if (credential := look(request)) is not None]
        if not found:
            raise Refusal(Reason.NO_CREDENTIAL, "in none of the places where one may be")
        if len(found) > 1:
            raise Refusal(Reason.SEVERAL_CREDENTIALS, "in more than one place")
        credential = found[0]
        if not isinstance(credential, Credential):
            raise Refusal(Reason.NO_CREDENTIAL, "another scheme")
        if self._refuses_access_token:
            refuse_token_in_query(request.query)
        return credential

    def _refuse_lookalikes(self, headers: Mapping[str, str]) -> None:
        """Refuse ``x_api_key``, which CGI and WSGI take for ``x-api-key`` (CVE-2015-0219)."""
        if ODD.search("".join(headers)) and any(
            ODD.search(name) and ODD.sub("-", name) in self._hyphenated for name in headers
        ):
            raise Refusal(Reason.SEVERAL_CREDENTIALS, "a header whose name is nearly that of one with a credential")


def _in_header(name: str, schemes: Mapping[str, Source]) -> _Look:
    plain = schemes.get("")

    def look(request: Request) -> Credential | bool | None:
        value = request.headers.get(name)
        if value is None:
            return None
        if plain is not None:
            if "," in value:
                raise Refusal(Reason.SEVERAL_CREDENTIALS, f"a comma in {name}")
            return _credential(plain, value)
        scheme, token = scheme_and_token(value, name)
        source = schemes.get(scheme)
        return False if source is None else _credential(source, token)

    return look


def _in_cookie(source: Source) -> _Look:
    alike = cookie(source.name)
    exact = re.compile(rf"(?:\A|; ?){re.escape(source.name)}=([^;]*)(?:;|\Z)")

    def look(request: Request) -> Credential | None:
        header = request.headers.get("cookie")
        if header is None or not _once(alike, header):
            return None
        found = exact.search(header)
        if found is None or "," in found[1]:
            # Behind or before a comma: two Cookie headers that were joined, one of them for somebody else.
            raise Refusal(Reason.SEVERAL_CREDENTIALS, "a cookie that others may read otherwise")
        return _credential(source, found[1])

    return look


def _in_query(source: Source) -> _Look:
    alike = parameter(source.name)
    exact = re.compile(rf"(?:\A|&){re.escape(source.name)}=([^&]*)")
    #: Without it, or a "%", nothing of that name is in a query, however it is spelt.
    beginning = source.name.partition("_")[0].lower()

    def look(request: Request) -> Credential | None:
        query = request.query
        if not query or not ("%" in query or beginning in query.lower()) or not _once(alike, query):
            return None
        found = exact.search(query)
        if found is None or _UNRESERVED.fullmatch(found[1]) is None:
            raise Refusal(Reason.MALFORMED_CREDENTIAL, "a query parameter in another spelling than its plain one")
        return _credential(source, found[1])

    return look


def _once(pattern: re.Pattern[str], text: str) -> bool:
    count = len(list(islice(pattern.finditer(text), 2)))
    if count > 1:
        raise Refusal(Reason.SEVERAL_CREDENTIALS, "twice in one place")
    return count == 1


def _credential(source: Source, token: str) -> Credential:
    if TOKEN.fullmatch(token) is None:
        raise Refusal(Reason.MALFORMED_CREDENTIAL, f"no b64token in {source.kind} {source.name}")
    return Credential(source, token.encode("ascii"))
