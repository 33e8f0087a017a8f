"""What was expected of a case, held against what came of it."""

from collections.abc import Iterator

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
    for name, value in (expected.headers or {}).items():
        yield from _differ(f"headers[{name}]", value, found.headers.get(name.lower()))
    missing = [name for name in expected.removed or () if name.lower() not in found.removed]
    if missing:
        yield f"removed: {', '.join(missing)} would reach the upstream"


def _differ(name: str, wanted: object, got: object) -> Iterator[str]:
    if wanted != got:
        yield f"{name}: expected {_shown(wanted)}, found {_shown(got)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
