"""A check as it is told: a mapping of the fields in ``fields.py``, made of its request, read once more, and its end.

What is not there is left out. ``subject`` alone is ``None`` where there was no good token (401), as
``authz-sidecar policy diff`` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.needs import Decided
from sidecar.core.reason import OUTCOMES, Reason, Refusal
from sidecar.core.response import status_of
from sidecar.core.sent import SentRequest, read_sent
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.decision_log.entry import Entry
from sidecar.decision_log.fields import SHAPE
from sidecar.decision_log.redaction import Redaction
from sidecar.observe.masking import without_user
from sidecar.tracing.context import trace_id_of

ALLOW, DENY, WOULD_DENY = "allow", "deny", "would_deny"
#: Characters of a text that are told.
_LENGTHS = {
    "issuer": 256,
    "subject": 256,
    "method": 32,
    "host": 255,
    "path": 1024,
    "address": 64,
    "request_id": 128,
    "trace_id": 32,
    "detail": 256,
}
#: Policies and hooks that are named.
_MOST_NAMES = 16
_NO_TOKEN = 401
_OK = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Who tells: a process of this name, of this version of the sidecar."""

    process: str
    version: str


def record_of(entry: Entry, trust: Trust, origin: Origin) -> dict[str, Json]:
    """Return what is told of a check; ``trust`` is the one in force, which says where credentials are."""
    decided, sent = entry.decided, _read(entry.request)
    decision, reason, policy, rule = _end(decided)
    identity = decided.identity
    texts: dict[str, str | None] = {} if identity is None else {"issuer": identity.issuer, "subject": identity.subject}
    if sent is not None:
        texts |= _asked(sent)
    if isinstance(decided.decision, Denial):
        texts["detail"] = decided.decision.detail
    redaction = Redaction(sent, trust)
    record: dict[str, Json] = {
        "time": f"{datetime.fromtimestamp(entry.at, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z",
        "decision": decision,
        "reason": reason.value,
        "status": _status(decided),
        "policy": policy,
        "rule": rule,
        **{name: redaction.text(text, _LENGTHS[name]) for name, text in texts.items() if text},
        "duration": round(entry.seconds, 7),
        "cache": decided.level.value,
        **_others(decided),
        "mode": "dry_run" if trust.policy.dry_run else "enforced",
        "one_in": entry.one_in if entry.one_in > 1 else None,
        "process": origin.process,
        "version": origin.version,
    }
    nobody = {"subject"} if OUTCOMES[reason].status == _NO_TOKEN else ()
    return {name: record.get(name) for name in SHAPE if record.get(name) is not None or name in nobody}


def _read(request: bytes) -> SentRequest | None:
    try:
        return read_sent(request)
    except Refusal:
        return None


def _end(decided: Decided) -> tuple[str, Reason, str | None, int | None]:
    """Return decision, reason, policy and rule; in global dry run what they would have been."""
    decision = decided.decision
    if isinstance(decision, Denial):
        return DENY, decision.reason, decision.policy, decision.rule
    trial = decision.trial
    if decision.reason is Reason.DRY_RUN and trial is not None:
        return WOULD_DENY, trial.reason, trial.policy, trial.rule
    return ALLOW, decision.reason, decision.policy, decision.rule


def _asked(sent: SentRequest) -> dict[str, str | None]:
    return {
        "method": sent.method,
        # Nobody may send a password in it, and some do.
        "host": without_user(sent.authority),
        "path": sent.path.partition("#")[0],
        "address": sent.source,
        "request_id": sent.request_id,
        "trace_id": trace_id_of(sent.headers),
    }


def _status(decided: Decided) -> int:
    """Return the HTTP status that the client gets from us; 200 where the request goes on to the upstream."""
    if isinstance(decided.decision, Permit):
        return _OK
    # A policy's effect or a hook may have chosen another than the reason's.
    return status_of(decided.response)


def _others(decided: Decided) -> Mapping[str, Json]:
    decision, told = decided.decision, dict[str, Json]()
    if decision.audited:
        told["audited"] = [*decision.audited[:_MOST_NAMES]]
    if decision.trial is not None and decision.reason is not Reason.DRY_RUN:
        told["dry_run"] = _trial(decision.trial)
    answers = decision.hooked if isinstance(decision, Permit) else (decision.by_hook,) if decision.by_hook else ()
    if answers:
        told["hooks"] = [{"hook": one.hook, "result": one.result.value} for one in answers[:_MOST_NAMES]]
    return told


def _trial(trial: Trial) -> dict[str, Json]:
    found: dict[str, Json] = {"decision": ALLOW if trial.allowed else DENY, "reason": trial.reason.value}
    if trial.policy is not None:
        found["policy"] = trial.policy
    if trial.rule is not None:
        found["rule"] = trial.rule
    return found
