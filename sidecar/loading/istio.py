"""Istio's documents (``istio``): as if what they say stood in the configuration itself, behind what is there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from sidecar.istio.authentication import JwtRule, RequestAuthentication
from sidecar.istio.authorization import AuthorizationPolicy
from sidecar.istio.issuers import issuer_of, refused_url
from sidecar.istio.objects import Kind
from sidecar.istio.policies import policy_of
from sidecar.istio.together import claim_headers, disagreements, repeated
from sidecar.istio.translated import Translated
from sidecar.istio.workload import Workload, workload_of
from sidecar.loading.document import Document
from sidecar.loading.istio_objects import Object, read_objects, validated
from sidecar.loading.istio_warnings import warnings_of
from sidecar.loading.problem import ConfigurationError, FieldPath, Problem
from sidecar.settings.istio import IstioSettings

_M = TypeVar("_M", bound=BaseModel)


class _PlacedRule(NamedTuple):
    rule: JwtRule
    source: Object
    at: FieldPath


def with_istio(document: Document) -> Document:
    """Return ``document`` with what Istio's documents say; raises ``ConfigurationError``."""
    values = document.values.get("istio")
    if not isinstance(values, dict):
        return document  # there are none, or validation will say what is wrong with it
    try:
        settings = IstioSettings.model_validate(values)
    except ValidationError:
        return document  # the same
    workload = workload_of(settings)
    objects = read_objects(document.path.parent / settings.folder)
    chosen = [one for one in objects.found if workload.mismatch(one.envelope) is None]
    _refuse(_repeated(objects.found, workload))
    if settings.default == "istio" and all(one.kind is Kind.PEERS for one in chosen):
        # INVARIANT: a slip in namespace or labels does not open everything.
        _refuse([Problem(document.source(("istio",)), "istio", _nothing(len(objects.found), workload))])
    document = _with_policies(document, chosen, workload)
    document = _with_rules(document, chosen, settings)
    return replace(document, warnings=(*document.warnings, *warnings_of(objects, workload, document, settings)))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise ConfigurationError(problems)


def _nothing(count: int, workload: Workload) -> str:
    return (
        f"none of {count} documents is for this workload ({workload}), and everything would pass; correct 'namespace' "
        "and 'labels', or write 'default: deny'"
    )


def _repeated(found: Sequence[Object], workload: Workload) -> list[Problem]:
    seen: set[tuple[Kind, str]] = set()
    problems = []
    for one in found:
        name = workload.name_of(one.envelope)
        if (one.kind, name) in seen:
            problems.append(one.problem(("metadata", "name"), f"{one.kind} {name} is there already"))
        seen.add((one.kind, name))
    return problems


def _of_kind(chosen: Sequence[Object], kind: Kind, model: type[_M]) -> list[tuple[Object, _M]]:
    """Return the objects of a kind, and each as ``model``; raises ``ConfigurationError`` with all that is wrong."""
    found: list[tuple[Object, _M]] = []
    problems: list[Problem] = []
    for one in chosen:
        if one.kind is kind:
            try:
                found.append((one, validated(model, one.document)))
            except ConfigurationError as error:
                problems += error.problems
    _refuse(problems)
    return found


def _with_policies(document: Document, chosen: Sequence[Object], workload: Workload) -> Document:
    for one, policy in _of_kind(chosen, Kind.AUTHORIZATION, AuthorizationPolicy):
        translated = policy_of(policy, workload.name_of(one.envelope), workload.namespace_of(one.envelope))
        if translated is not None:
            document = _appended(document, "policies", translated, one.document, ())
    return document


def _with_rules(document: Document, chosen: Sequence[Object], settings: IstioSettings) -> Document:
    placed = list(_rules(chosen))
    rules = [one.rule for one in placed]
    others = bool(document.values.get("issuers")) or "api_keys" in document.values
    problems = [
        placed[index].source.problem((*placed[index].at, *field), message)
        for index, field, message in disagreements(rules, others=others)
    ]
    for one in placed:
        refusal = refused_url(one.rule, allow_http=settings.fetch.allow_http)
        if refusal is not None:
            field = "jwks_uri" if one.rule.jwks_uri_too else "jwksUri" if one.rule.url else "issuer"
            problems.append(one.source.problem((*one.at, field), refusal))
    _refuse(problems)
    fetch = settings.fetch.model_dump(exclude_unset=True)
    again = repeated(rules)
    for index, one in enumerate(placed):
        if index not in again:
            translated = issuer_of(one.rule, fetch)
            document = _appended(document, "issuers", translated, one.source.document, one.at)
    return _with_response(document, placed[0]) if placed else document


def _rules(chosen: Sequence[Object]) -> Iterator[_PlacedRule]:
    for one, found in _of_kind(chosen, Kind.AUTHENTICATION, RequestAuthentication):
        for index, rule in enumerate(found.spec.rules):
            yield _PlacedRule(rule, one, ("spec", "jwtRules", index))


def _with_response(document: Document, first: _PlacedRule) -> Document:
    """Add what holds for all tokens, where the configuration does not say something else."""
    response = document.values.get("response", {})
    headers = response.get("identity_headers", {}) if isinstance(response, dict) else None
    claims = headers.get("claims", {}) if isinstance(headers, dict) else None
    if not (isinstance(response, dict) and isinstance(headers, dict) and isinstance(claims, dict)):
        return document  # validation will say what is wrong with it
    added = {claim: header for claim, header in claim_headers(first.rule).items() if claim not in claims}
    at = (*first.at, "outputClaimToHeaders")
    place = first.source.document.place(at)
    fields: list[FieldPath] = [("response", "identity_headers", "claims", claim) for claim in added]
    merged = {"forward_token": first.rule.forward, **response}
    if added:
        merged["identity_headers"] = {**headers, "claims": {**claims, **added}}
    return replace(
        document,
        values={**document.values, "response": merged},
        places={**document.places, **dict.fromkeys(fields, place)},
        renamed={**document.renamed, **dict.fromkeys(fields, at)},
    )


def _appended(document: Document, name: str, one: Translated, source: Document, base: FieldPath) -> Document:
    before = document.values.get(name, [])
    if not isinstance(before, list):
        return document  # validation will say so, and nothing comes of it
    here: FieldPath = (name, len(before))
    places, renamed = dict(document.places), dict(document.renamed)
    for ours, theirs in one.fields.items():
        at: FieldPath = (*base, *theirs)
        renamed[(*here, *ours)] = at
        places[(*here, *ours)] = source.place(at)
        inner = {path[len(at) :]: place for path, place in source.places.items() if path[: len(at)] == at}
        places.update({(*here, *ours, *path): place for path, place in inner.items()})
    return replace(
        document, values={**document.values, name: [*before, dict(one.values)]}, places=places, renamed=renamed
    )
