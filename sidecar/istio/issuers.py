"""The ``jwtRules`` of a RequestAuthentication as our issuers."""

from collections.abc import Iterator, Mapping

from sidecar.core.algorithm import ASYMMETRIC
from sidecar.core.strict_json import loads_object
from sidecar.istio.authentication import JwtRule, seconds
from sidecar.istio.translated import FieldPath, Translated
from sidecar.keys.remote.url import UrlError, parse_url

_ALLOW = "; 'istio.fetch.allow_http: true' in the configuration lets it in all the same"


def issuer_of(rule: JwtRule, fetch: Mapping[str, object]) -> Translated:
    """Return an issuer; ``fetch`` is how keys are fetched."""
    fields: dict[FieldPath, FieldPath] = {(): ()}
    values: dict[str, object] = {
        "issuer": rule.issuer,
        "algorithms": [algorithm.value for algorithm in ASYMMETRIC],
        "required_claims": [],
        "keys": _keys(rule, fetch),
        **({"any_audience": True} if rule.audiences is None else {"audiences": rule.audiences}),
    }
    places = list(_places(rule))
    if places:
        values["credentials"] = [place for place, _ in places]
    for index, (place, field) in enumerate(places):
        for kind in place:
            fields |= {("credentials", index, *path): field for path in ((), (kind,))}
            fields["credentials", index, kind, "name"] = (*field, "name") if kind == "header" else field
    where: FieldPath = ("jwksUri" if rule.jwks_uri else "jwks_uri",) if rule.url else ("jwks",) if rule.jwks else ()
    fields |= {("keys",): where, ("keys", "url"): where, ("keys", "jwks"): where}
    fields["keys", "fetch", "timeout_seconds"] = ("timeout",)
    return Translated(values, fields)


def refused_url(rule: JwtRule, *, allow_http: bool) -> str | None:
    """Say what is wrong with where the keys of a rule would be fetched, or ``None``."""
    url = rule.url or rule.issuer
    try:
        if rule.jwks is None:
            parse_url(url, allow_http=allow_http)
    except UrlError as error:
        is_http = url.startswith("http://") and not allow_http
        return f"{error}{_ALLOW if is_http else ''}"
    return None


def _keys(rule: JwtRule, fetch: Mapping[str, object]) -> Mapping[str, object]:
    if rule.jwks is not None:
        return {"jwks": loads_object(rule.jwks.encode())}
    timeout = {} if rule.timeout is None else {"timeout_seconds": seconds(rule.timeout)}
    where: Mapping[str, object] = {"discovery": True} if rule.url is None else {"url": rule.url}
    return {**where, "fetch": {**fetch, **timeout}}


def _places(rule: JwtRule) -> Iterator[tuple[Mapping[str, object], FieldPath]]:
    """Yield where tokens are, and the field that says so. Nothing, where it is the usual place."""
    for index, header in enumerate(rule.from_headers or ()):
        prefix = {"prefix": header.prefix.removesuffix(" ")} if header.prefix else {}
        yield {"header": {"name": header.name.lower(), **prefix}}, ("fromHeaders", index)
    for index, name in enumerate(rule.from_params or ()):
        yield {"query": {"name": name}}, ("fromParams", index)
    for index, name in enumerate(rule.from_cookies or ()):
        yield {"cookie": {"name": name}}, ("fromCookies", index)
