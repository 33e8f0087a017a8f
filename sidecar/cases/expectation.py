"""What was expected of a case, held against what came of it."""

import json
from collections.abc import Iterator, Mapping

from sidecar.cases.model import ExpectedCase
from sidecar.cases.run import Found


def differences(expected: ExpectedCase, found: Found) -> Iterator[str]:
    """Yield a line for all that is not as it was expected."""
    decision = found.decision
    yield from _differ("decision", expected.decision, "allow" if found.allowed else "deny")
    pairs = (
        ("reason", expected.reason, decision.reason.value),
        ("policy", expected.policy, decision.policy),
        ("status", expected.status, found.status),
        ("audited", None if expected.audited is None else tuple(expected.audited), decision.audited),
    )
    for name, wanted, got in pairs:
        if wanted is not None:
            yield from _differ(name, wanted, got)
    yield from _trial(expected, found)
    yield from _headers(expected, found)
    yield from _effects(expected, found)


def _trial(expected: ExpectedCase, found: Found) -> Iterator[str]:
    wanted, got = expected.dry_run, found.decision.trial
    if wanted is None:
        return
    if got is None:
        yield "dry_run: expected another decision, found none"
        return
    yield from _differ("dry_run.decision", wanted.decision, "allow" if got.allowed else "deny")
    yield from _differ("dry_run.reason", wanted.reason, got.reason.value)
    if wanted.policy is not None:
        yield from _differ("dry_run.policy", wanted.policy, got.policy)


def _headers(expected: ExpectedCase, found: Found) -> Iterator[str]:
    yield from _members("headers", _lower(expected.headers), found.headers)
    yield from _members("client", _lower(expected.client), found.client)
    missing = [name for name in expected.removed or () if name.lower() not in found.removed]
    if missing:
        yield f"removed: {', '.join(missing)} would reach the upstream"


def _effects(expected: ExpectedCase, found: Found) -> Iterator[str]:
    yield from _members("query", expected.query, found.query)
    if expected.query_removed is not None:
        yield from _differ("query_removed", tuple(sorted(expected.query_removed)), tuple(sorted(found.query_removed)))
    metadata = found.metadata.get("policy_metadata")
    yield from _members("metadata", expected.metadata, metadata if isinstance(metadata, dict) else {})
    if expected.body is not None:
        yield from _differ("body", expected.body, found.body)
    if expected.json_body is not None:
        yield from _differ("json", expected.json_body, _json(found.body))


def _members(place: str, wanted: Mapping[str, object] | None, found: Mapping[str, object]) -> Iterator[str]:
    for name, value in (wanted or {}).items():
        yield from _differ(f"{place}[{name}]", value, found.get(name))


def _lower(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def _json(body: str) -> object:
    try:
        found: object = json.loads(body)
    except ValueError:
        return body
    return found


def _differ(name: str, wanted: object, got: object) -> Iterator[str]:
    if wanted != got:
        yield f"{name}: expected {_shown(wanted)}, found {_shown(got)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
