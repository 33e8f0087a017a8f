"""What would change, for people and for programs."""

from collections.abc import Iterator

from sidecar.core.strict_json import Json
from sidecar.replay.compare import Change, Difference, Example, Kind, Pair, in_order
from sidecar.replay.decide import Untold, Verdict


def lines(found: Difference, log: str) -> Iterator[str]:
    """Yield what people read: the sums first, then each change with its examples, then what cannot be told."""
    counts = ", ".join(f"{found.counts[change]} {change.value}" for change in Change if found.counts[change])
    yield f"{found.requests} request(s): {counts}"
    for kind, group in in_order(found):
        yield f"{kind.change.value}: {group.count} request(s) {_what(kind)}"
        for example in group.examples:
            who = f" ({example.subject})" if example.subject is not None else ""
            yield f"    {log}:{example.line}: {example.request}{who}"
    if found.lacking:
        missing = ", ".join(f"{name} ({count})" for name, count in found.lacking.most_common())
        yield f"cannot be told, for want of: {missing}; --claims gives claims to requests without any"
    if found.first_unreadable is not None:
        line, why = found.first_unreadable
        yield f"{found.unreadable} line(s) could not be read; the first is {log}:{line}: {why}"


def _what(kind: Kind) -> str:
    before, after = kind.pair
    others = f"with other {', '.join(kind.parts)}"
    if kind.change is Change.DONE:
        return f"{before}, {others}"
    return f"{before}, would be {after}{f', {others}' if kind.parts else ''}"


def members(found: Difference) -> dict[str, Json]:
    """Return the same as JSON."""
    first: Json = None
    if found.first_unreadable is not None:
        first = {"line": found.first_unreadable[0], "why": found.first_unreadable[1]}
    return {
        "requests": found.requests,
        "counts": {change.value: found.counts[change] for change in Change},
        "changes": [
            {
                "change": kind.change.value,
                "count": group.count,
                **_pair(kind.pair),
                "parts": [*kind.parts],
                "examples": [_example(example) for example in group.examples],
            }
            for kind, group in in_order(found)
        ],
        "lacking": dict(found.lacking.most_common()),
        "unreadable": found.unreadable,
        "first_unreadable": first,
    }


def _pair(pair: Pair) -> dict[str, Json]:
    return {name: _verdict(verdict) for name, verdict in zip(("before", "after"), pair, strict=True)}


def _verdict(verdict: Verdict | Untold) -> Json:
    if isinstance(verdict, Untold):
        return None
    return {
        "decision": "allow" if verdict.allowed else "deny",
        "reason": verdict.reason.value,
        "policy": verdict.policy,
    }


def _example(example: Example) -> Json:
    return {"line": example.line, "request": example.request, "subject": example.subject}
