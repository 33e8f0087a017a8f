"""Effects that do not go together, or with the rest: headers and parameters that are not theirs to set."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sidecar.core.source import DPOP
from sidecar.core.spelling import folded
from sidecar.loading.effect_values import all_allowed, all_denied, expressions, value_inconsistencies
from sidecar.loading.effects import value_of
from sidecar.loading.policy import terms_of
from sidecar.loading.problem import FieldPath
from sidecar.loading.reserved import frames_requests, has_meaning, is_of_the_answer
from sidecar.settings import Settings
from sidecar.settings.assertion import AssertionSettings
from sidecar.settings.credential import sources_of
from sidecar.settings.effects import AllowedSettings, DeniedSettings
from sidecar.settings.location import URL
from sidecar.settings.response import IdentityHeaderSettings

_Inconsistency = tuple[FieldPath, str]


def effect_inconsistencies(settings: Settings) -> Iterator[_Inconsistency]:
    """Yield each field's path and what is wrong."""
    taken = _Taken(settings)
    for where, allowed in all_allowed(settings):
        yield from taken.upstream(where, allowed)
        yield from _client(where, allowed)
        yield from taken.query(where, allowed)
    for where, denied in all_denied(settings):
        yield from _denial(where, denied, settings.response.public_origins)
    yield from value_inconsistencies(settings)


class _Taken:
    """What is not for policies to set, and what they set themselves."""

    def __init__(self, settings: Settings) -> None:
        fields = settings.response.identity_headers
        usual = (IdentityHeaderSettings.model_fields[name].default for name in ("subject", "issuer", "scopes"))
        assertion = settings.assertion
        self._identity = {fields.subject, fields.issuer, fields.scopes, *fields.claims.values(), *usual} - {None}
        if assertion is not None:
            self._identity |= {assertion.header, AssertionSettings.model_fields["header"].default}
        lists = [issuer.credentials for issuer in settings.issuers]
        lists += [settings.api_keys.credentials] if settings.api_keys is not None else []
        sources = {source for one in lists for source in sources_of(one)} | {DPOP}
        self._credentials = {source.name for source in sources if source.kind == "header"}
        self._parameters = {folded(source.name) for source in sources if source.kind == "query"} | {"access_token"}
        queries = [one.query for _, one in all_allowed(settings) if one.query]
        self._alike = defaultdict[str, set[str]](set)
        for name in (name for one in queries for name in (*one.set, *one.remove)):
            self._alike[folded(name)].add(name)
        self._set = {name for _, one in all_allowed(settings) if one.upstream for name in one.upstream.set}
        self._read = set(_headers_read(settings))

    def upstream(self, where: FieldPath, allowed: AllowedSettings) -> Iterator[_Inconsistency]:
        """Look at headers of the request."""
        if allowed.upstream is None:
            return
        where = (*where, "upstream")
        named = [(("set", name), name) for name in allowed.upstream.set]
        named += [(("append", name), name) for name in allowed.upstream.append]
        for place, name in named:
            if problem := self._problem(name) or self._otherwise(place[0], name):
                yield (*where, *place), problem
        for number, name in enumerate(allowed.upstream.remove):
            if problem := self._problem_to_remove(name):
                yield (*where, "remove", number), problem
        yield from _twice(where, [*named, *((("remove", n), name) for n, name in enumerate(allowed.upstream.remove))])

    def query(self, where: FieldPath, allowed: AllowedSettings) -> Iterator[_Inconsistency]:
        """Look at query parameters."""
        if allowed.query is None:
            return
        named: list[tuple[FieldPath, str]] = [(("set", name), name) for name in allowed.query.set]
        named += [(("remove", number), name) for number, name in enumerate(allowed.query.remove)]
        for place, name in named:
            if folded(name) in self._parameters:
                yield (*where, "query", *place), f"{name!r} has credentials; the upstream never gets them"
            elif alike := self._alike[folded(name)] - {name}:
                yield (*where, "query", *place), f"some upstream takes {name!r} for {min(alike)!r}; spell it in one way"
        yield from _twice((*where, "query"), named)

    def _problem(self, name: str) -> str:
        if name in self._identity:
            return f"{name!r} carries identity to the upstream; choose another"
        if has_meaning(name) or name in self._credentials:
            return f"{name!r} has a meaning of its own; choose another, such as 'x-team'"
        return ""

    def _otherwise(self, way: str, name: str) -> str:
        if way == "append" and name in self._set:
            return f"{name!r} is set by a policy, so that no client can send it; set it here as well"
        if way == "set" and name in self._read:
            return f"{name!r} is looked at in requests, from which it is removed since it is set here; choose another"
        return ""

    def _problem_to_remove(self, name: str) -> str:
        if name in self._identity:
            return f"{name!r} carries identity to the upstream, and is never the client's; leave it out"
        if name in self._credentials:
            return f"{name!r} has credentials; write 'response.forward_token: false'"
        return f"{name!r} is HTTP's or Envoy's own; leave it out" if frames_requests(name) else ""


def _client(where: FieldPath, allowed: AllowedSettings) -> Iterator[_Inconsistency]:
    if allowed.client is None:
        return
    named: list[tuple[FieldPath, str]] = [(("set", name), name) for name in allowed.client.set]
    named += [(("append", name), name) for name in allowed.client.append]
    for place, name in named:
        if is_of_the_answer(name):
            yield (*where, "client", *place), f"{name!r} is the upstream's, HTTP's or Envoy's own; leave it out"
    yield from _twice((*where, "client"), named)


def _denial(where: FieldPath, denied: DeniedSettings, origins: list[str]) -> Iterator[_Inconsistency]:
    for name in denied.headers.set if denied.headers else ():
        if is_of_the_answer(name) or name in {"cache-control", "x-content-type-options"}:
            yield (*where, "headers", "set", name), f"{name!r} of a denial is the sidecar's own; leave it out"
    if denied.redirect is not None and URL in denied.redirect.to and not origins:
        yield (
            (*where, "redirect", "to"),
            f"{URL} needs 'response.public_origins': without them whoever asks could have clients sent anywhere",
        )


def _twice(where: FieldPath, named: Iterable[tuple[FieldPath, str]]) -> Iterator[_Inconsistency]:
    seen = set[str]()
    for place, name in named:
        if name in seen:
            yield (*where, *place), f"{name!r} is named twice; set, append or remove it"
        seen.add(name)


def _headers_read(settings: Settings) -> Iterator[str]:
    """Give the headers that conditions and values look at; what does not compile is told elsewhere."""
    for policy in settings.policies:
        for condition in (one for rule in policy.rules for one in rule.when or ()):
            if condition.key is not None and condition.key.startswith("request.headers["):
                yield condition.key.removeprefix("request.headers[").removesuffix("]").lower()
            if condition.cel is not None:
                try:
                    yield from (name for term in terms_of(condition.cel) for name in term.headers)
                except ValueError:
                    continue
    for _, text in expressions(settings):
        try:
            yield from value_of(text).headers
        except ValueError:
            continue
