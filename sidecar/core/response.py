"""Decisions as ``CheckResponse`` bytes (envoy.service.auth.v3).

A denial is gRPC OK with a status that is not: a gRPC error would mean "the sidecar is broken", and lets the caller in
wherever ``failure_mode_allow`` is set.
"""

import json
from collections.abc import Iterable

from sidecar.core.assertion import Assertion
from sidecar.core.decision import Decision, Denial, Permit
from sidecar.core.effects.added import NOTHING, Added
from sidecar.core.effects.reply import USUAL, Reply
from sidecar.core.headers import fixed_removals, identity_values
from sidecar.core.hook_response import describe_hooks, hook_headers, outcome_of, rpc_code
from sidecar.core.identity import Identity
from sidecar.core.reason import Outcome, Reason
from sidecar.core.rewriting import AS_IT_CAME, Rewritten
from sidecar.core.strict_json import Json
from sidecar.core.trust import ResponseSettings
from sidecar.protos.ext_authz import (
    BoolValue,
    CheckResponse,
    HeaderValue,
    HeaderValueOption,
    OkHttpResponse,
    QueryParameter,
    Struct,
)

#: RFC 9110, section 10.2.3. What overloads a sidecar is over, or shed, within a second; an issuer that is
#: back is asked within a minute, by whoever comes first.
RETRY_AFTER_SECONDS = "1"
#: What is worth trying again at once.
_SOON = frozenset({Reason.OVERLOADED, Reason.KEYS_UNAVAILABLE, Reason.POLICIES_UNAVAILABLE})
_OVERWRITE = HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
_APPEND = HeaderValueOption.HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD
#: RFC 9449, section 7.1.
_ABOUT_PROOFS = frozenset({Reason.PROOF_INVALID, Reason.PROOF_REPLAYED})
#: Beyond this a double cannot tell all integers apart (I-JSON, RFC 7493, section 2.2).
_LARGEST_EXACT = 2**53 - 1


def allow(  # noqa: PLR0913, PLR0917 - all that an answer is made of
    permit: Permit,
    removed: Iterable[str],
    settings: ResponseSettings,
    assertion: Assertion | None = None,
    rewritten: Rewritten = AS_IT_CAME,
    added: Added = NOTHING,
) -> bytes:
    """Let the request pass, with its identity in headers; raises ``Refusal`` where a value would not be safe there.

    ``removed`` are the names of the headers this client sent that the upstream must not get (``SentRemovals``).
    INVARIANT: every identity header is either set or removed, exactly one of the two, with or without an identity.
    So is every header that some policy sets. Envoy removes after it sets.
    """
    values = hook_headers(permit.hooked, settings)
    values.update(added.set)
    values.update(identity_values(settings, permit.identity, assertion))
    response = CheckResponse()
    ok = response.ok_response
    ok.headers.extend(_option(name, value) for name, value in values.items())
    ok.headers_to_remove.extend((*fixed_removals(settings, values), *removed))
    if rewritten.cookie:
        ok.headers.append(_option("cookie", rewritten.cookie))
    elif rewritten.cookie is not None:
        ok.headers_to_remove.append("cookie")
    ok.query_parameters_to_remove.extend(rewritten.parameters)
    if added is not NOTHING:
        _add(ok, added)
    _describe(response.dynamic_metadata, permit, settings)
    if added.metadata:
        response.dynamic_metadata["policy_metadata"] = {name: _exact(value) for name, value in added.metadata.items()}
    return _serialised(response)


def deny(denial: Denial, request_id: str, realm: str, reply: Reply = USUAL) -> bytes:
    """Refuse the request. The client learns the reason code, never policy names or details, or what ``reply`` says."""
    outcome = outcome_of(denial)
    status = reply.status or outcome.status
    response = CheckResponse()
    response.status.code = rpc_code(outcome.status)
    response.status.message = denial.reason.value
    denied = response.denied_response
    denied.status.code = status
    denied.headers.append(_option("content-type", reply.content_type or "application/json"))
    denied.headers.append(_option("cache-control", "no-store"))
    if denial.reason in _SOON:
        denied.headers.append(_option("retry-after", RETRY_AFTER_SECONDS))
    challenge = "" if reply.is_redirect else _challenge(denial, outcome, status, realm)
    if challenge:
        denied.headers.append(_option("www-authenticate", challenge))
    denied.body = _body(denial, outcome, request_id) if reply.body is None else reply.body
    _describe_denial(response.dynamic_metadata, denial)
    if reply is not USUAL:
        denied.headers.extend(_option(name, value) for name, value in reply.headers.items())
        if reply.problem:
            response.dynamic_metadata["denied_problem"] = reply.problem
    return _serialised(response)


def status_of(answer: bytes) -> int:
    """Return the HTTP status that the client gets by a refusal that was written, for whoever tells of it."""
    status: int = CheckResponse.FromString(answer).denied_response.status.code
    return status


def _serialised(response: CheckResponse) -> bytes:
    # Deterministic, so that every front answers with the same bytes. INVARIANT: never empty, which Envoy takes for
    # "allow" whatever was meant; the metadata every response carries sees to that.
    data: bytes = response.SerializeToString(deterministic=True)
    return data


def _add(ok: OkHttpResponse, added: Added) -> None:
    # ``append``, deprecated, is what Envoy looks at where a request's headers are concerned: it overwrites under every
    # ``append_action`` (1.40). In an answer it heeds the action.
    ok.headers.extend(
        HeaderValueOption(header=HeaderValue(key=name, value=value), append=BoolValue(value=True))
        for name, value in added.append
    )
    ok.headers_to_remove.extend(added.remove)
    ok.response_headers_to_add.extend(_option(name, value) for name, value in added.client_set)
    ok.response_headers_to_add.extend(_option(name, value, _APPEND) for name, value in added.client_append)
    ok.query_parameters_to_set.extend(QueryParameter(key=name, value=value) for name, value in added.parameters)


def _challenge(denial: Denial, outcome: Outcome, status: int, realm: str) -> str:
    """Return ``WWW-Authenticate`` (RFC 6750, section 3), empty where a token would not help."""
    if outcome.error is None and status != 401:  # noqa: PLR2004 - HTTP: 401 must carry a challenge
        return ""
    parts = [f'realm="{realm}"']
    if outcome.error:
        parts += [f'error="{outcome.error}"', f'error_description="{outcome.message}"']
    if denial.scopes:
        parts.append(f'scope="{" ".join(denial.scopes)}"')
    scheme = "DPoP" if denial.reason in _ABOUT_PROOFS else "Bearer"
    return f"{scheme} " + ", ".join(parts)


def _body(denial: Denial, outcome: Outcome, request_id: str) -> str:
    members = {"reason": denial.reason.value, "message": outcome.message}
    if outcome.error:
        members = {"error": outcome.error, **members}
    if request_id:
        members["request_id"] = request_id
    return json.dumps(members) + "\n"


def _option(name: str, value: str, action: int = _OVERWRITE) -> HeaderValueOption:
    return HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=action)


def _tell(metadata: Struct, name: str, text: str) -> None:
    # As ``metadata[name] = text``, which asks first what kind of a value it is, in Python.
    metadata.fields[name].string_value = text


def _describe(metadata: Struct, permit: Permit, settings: ResponseSettings) -> None:
    _tell(metadata, "decision", "allow")
    _tell(metadata, "reason", permit.reason.value)
    if permit.policy:
        _tell(metadata, "policy", permit.policy)
    _describe_others(metadata, permit)
    if permit.hooked:
        describe_hooks(metadata, permit)
    identity = permit.identity
    if identity is None:
        return
    _tell(metadata, "issuer", identity.issuer)
    if identity.subject:
        _tell(metadata, "subject", identity.subject)
    if settings.metadata_claims:
        metadata["claims"] = {name: _exact(value) for name, value in _chosen(identity, settings)}


def _chosen(identity: Identity, settings: ResponseSettings) -> Iterable[tuple[str, Json]]:
    if settings.metadata_claims == ("*",):
        return identity.claims.items()
    return ((name, identity.claims[name]) for name in settings.metadata_claims if name in identity.claims)


def _exact(value: Json) -> Json:
    """Return ``value`` with integers as text where a Struct, whose numbers are doubles, would change them."""
    if isinstance(value, int) and abs(value) > _LARGEST_EXACT:
        return str(value)
    if isinstance(value, list):
        return [_exact(member) for member in value]
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    return value


def _describe_denial(metadata: Struct, denial: Denial) -> None:
    # Seen by Envoy's access log, not by the client.
    _tell(metadata, "decision", "deny")
    _tell(metadata, "reason", denial.reason.value)
    if denial.policy:
        _tell(metadata, "policy", denial.policy)
    if denial.by_hook is not None:
        _tell(metadata, "hook", denial.by_hook.hook)
        _tell(metadata, "hook_reason", denial.by_hook.detail)
    _describe_others(metadata, denial)


def _describe_others(metadata: Struct, decision: Decision) -> None:
    """Tell of policies that decide nothing: audits, and those that are not enforced."""
    if decision.audited:
        metadata["audited"] = list(decision.audited)
    if decision.trial is not None:
        trial = decision.trial
        would = {"decision": "allow" if trial.allowed else "deny", "reason": trial.reason.value}
        metadata["dry_run"] = would | ({"policy": trial.policy} if trial.policy else {})
