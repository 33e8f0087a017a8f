"""Putting a case through the check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.json_format import MessageToDict

from sidecar.cases.model import CaseSettings
from sidecar.cases.request import check_request
from sidecar.cases.trial_trust import TrialTrust
from sidecar.core.asked import body_for
from sidecar.core.assertion import Minted
from sidecar.core.check import Checker
from sidecar.core.decision import Decision, Permit
from sidecar.core.lookup import Lookup
from sidecar.core.needs import Decided, Introspect, Mint, RefetchKeys, Step, Verify
from sidecar.core.policy.case import Case
from sidecar.core.policy.evaluate import admit_without_identity
from sidecar.core.request import admit
from sidecar.core.revocation import Denylist
from sidecar.core.sent import read_sent
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.protos.ext_authz import CheckResponse, HeaderValueOption
from sidecar.verify.inline import verdict_of
from sidecar.verify.token import identity_in

#: 2026-01-01T12:00:00Z, the time of cases that name none: the same in each run.
NOW = 1_767_268_800.0


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a case. ``headers`` are those that are set or appended to: upstream, or of the denial.

    ``client`` are those of the answer to the client; ``query`` parameters as they are written.
    """

    decision: Decision
    status: int
    headers: Mapping[str, str]
    removed: tuple[str, ...]
    client: Mapping[str, str]
    query: Mapping[str, str]
    query_removed: tuple[str, ...]
    metadata: Mapping[str, Json]
    body: str

    @property
    def allowed(self) -> bool:
        """Say whether the request may pass."""
        return isinstance(self.decision, Permit)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case as it comes to the check: the request, serialised, the token and the time."""

    raw: bytes
    token: bytes | None
    now: float


def prepare(case: CaseSettings, trial: TrialTrust) -> Prepared:
    """Return what Envoy would send."""
    now = NOW if case.now is None else case.now.timestamp()
    if case.token is None:
        return Prepared(check_request(case.request, None), None, now)
    token, source = trial.token(case.token, now)
    return Prepared(check_request(case.request, token, source), token.encode(), now)


class UnansweredError(Exception):
    """A token that only its issuer knows: nobody is asked here."""


def run(prepared: Prepared, trust: Trust, denylist: Denylist | None = None) -> Found:
    """Check it, as a server with empty caches would; raises ``UnansweredError``."""
    step: Step = Checker(lambda: trust, denylist=denylist).begin(prepared.raw, prepared.now)
    while not isinstance(step, Decided):
        step = _resumed(step, prepared.now)
    response = CheckResponse.FromString(step.response)
    ok, denied = response.ok_response, response.denied_response
    allows = response.HasField("ok_response")
    return Found(
        decision=step.decision,
        status=200 if allows else int(denied.status.code),
        headers=_headers(ok.headers if allows else denied.headers),
        removed=tuple(ok.headers_to_remove),
        client=_headers(ok.response_headers_to_add),
        query={one.key: one.value for one in ok.query_parameters_to_set},
        query_removed=tuple(ok.query_parameters_to_remove),
        metadata=MessageToDict(response.dynamic_metadata),
        body=denied.body,
    )


def _headers(options: Iterable[HeaderValueOption]) -> dict[str, str]:
    return {option.header.key: option.header.value for option in options}


def situation(prepared: Prepared, trust: Trust) -> Case:
    """Return the case as policy sees it; raises ``Refusal`` where it never gets there."""
    sent = read_sent(prepared.raw)
    endpoint, rules = Lookup(trust).find(sent)
    body = body_for(rules, sent, trust)
    nobody = Case(admit(sent, endpoint, body), None, prepared.now, rules.proxies)
    # Where no token is needed, none is looked at.
    if prepared.token is None or admit_without_identity(rules, nobody) is not None:
        return nobody
    return nobody._replace(identity=identity_in(prepared.token, trust, prepared.now))


def _resumed(step: Step, now: float) -> Step:
    match step:
        case Verify():
            return step.resume(verdict_of(step), now)
        case Mint():
            # Nobody reads it: what is looked at is that there is one.
            until = min(int(now) + step.statement.lifetime, step.statement.not_after)
            return step.resume(Minted("token-of-ours", int(now), until), now)
        case RefetchKeys():
            return step.resume(now)  # nothing is fetched
        case Introspect():
            raise UnansweredError("the token is opaque: its issuer would have to be asked, and is not")
    raise TypeError(f"{type(step).__name__} is nothing that a case needs")
