"""What a check tells of who asked, and by which rule it was decided: for logs, in no answer."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.binding import BoundTokens
from sidecar.core.caller import Level
from sidecar.core.check import Checker
from sidecar.core.needs import Decided
from sidecar.core.revocation import Denylist, LookUp, Marks
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from support.checks import finish
from support.requests import check_request, with_token
from support.tokens import ISSUER, NOW, claims, mint
from support.trusts import issuer, policy_set, trust


def _to(path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a rule
    return {"to": [{"operation": {"paths": [path]}}], **more}


_POLICIES = [
    {"name": "closed", "action": "deny", "rules": [_to("/x"), _to("/closed")]},
    {"name": "open", "action": "allow", "rules": [_to("/a"), _to("/b"), _to("/c")]},
    {"name": "scoped", "action": "allow", "scopes": ["write"], "rules": [_to("/y"), _to("/w")]},
]


class _Process:
    """A checker with both caches."""

    def __init__(self, tokens: SharedTokenCache, in_force: Trust, denylist: Denylist | None = None) -> None:
        self._checker = Checker(lambda: in_force, tokens, LocalCache(10), denylist=denylist)

    def ask(self, token: str, path: str = "/a") -> Decided:
        return finish(self._checker.begin(with_token(token, path=path), NOW))


def _decide(path: str, in_force: Trust | None = None, token: str | None = None) -> Decided:
    raw = check_request(path=path) if token is None else with_token(token, path=path)
    return finish(Checker(lambda: in_force or trust(policy_set(_POLICIES))).begin(raw, NOW))


@pytest.mark.parametrize(
    ("path", "policy", "rule"),
    [
        ("/a", "open", 1),
        ("/c", "open", 3),
        ("/closed", "closed", 2),
        ("/w", "scoped", 2),
        ("/none", None, None),
    ],
)
def test_which_rule(path: str, policy: str | None, rule: int | None) -> None:
    """The rule that matches is told by its number in its policy, of what is allowed and of what is denied."""
    decision = _decide(path, token=mint()).decision
    assert (decision.policy, decision.rule) == (policy, rule)


@pytest.mark.parametrize(("path", "rule"), [("/closed", 2), ("/w", 2), ("/none", None)])
def test_which_rule_would_deny(path: str, rule: int | None) -> None:
    """In global dry run it is told of what would have been decided."""
    enforced = policy_set(_POLICIES)
    trial = _decide(path, trust(replace(enforced, dry_run=True)), mint()).decision.trial
    assert trial is not None
    assert (trial.allowed, trial.rule) == (False, rule)


def test_rules_of_one_policy_for_one_identity() -> None:
    """An answer that is kept is told with the rule of the request at hand, and is the same bytes."""
    with create(1 << 20) as segment:
        process = _Process(SharedTokenCache(SharedCache(segment, 7), bytes(32)), trust(policy_set(_POLICIES)))
        token = mint()
        for _ in range(3):
            found = [process.ask(token, path) for path in ("/a", "/b", "/c")]
            assert [one.decision.rule for one in found] == [1, 2, 3]
            assert len({one.response for one in found}) == 1


def test_where_the_identity_was_found() -> None:
    """By its token, in the memory of all, and then in the process's own; so for what is denied."""
    with create(1 << 20) as segment:
        tokens = SharedTokenCache(SharedCache(segment, 7), bytes(32))
        in_force, token = trust(policy_set(_POLICIES)), mint()
        one, other = _Process(tokens, in_force), _Process(tokens, in_force)
        found = [one.ask(token), one.ask(token), one.ask(token, "/none"), other.ask(token, "/none"), other.ask(token)]
        assert [each.level for each in found] == [Level.NONE, Level.L1, Level.L1, Level.L2, Level.L1]
        assert {each.identity.subject for each in found if each.identity} == {"alice"}
        assert [each.identity is None for each in found] == [False] * 5


def test_remembered_refusal() -> None:
    """A token that is refused for good is found as such, and is nobody's."""
    with create(1 << 20) as segment:
        process = _Process(SharedTokenCache(SharedCache(segment, 7), bytes(32)), trust())
        expired = mint(claims(exp=int(NOW) - 60))
        found = [process.ask(expired) for _ in range(2)]
        assert [one.level for one in found] == [Level.NONE, Level.L2]
        assert [(one.identity, one.issuer) for one in found] == [(None, ISSUER)] * 2


@pytest.mark.parametrize(
    ("token", "path"), [(None, "/a"), (mint(claims(exp=1)), "/a"), (mint()[:-4] + "AAAA", "/a"), ("x", "/a")]
)
def test_nobody(token: str | None, path: str) -> None:
    """Without a token that is good nobody asked: what stands in one that is not is not believed."""
    found = _decide(path, token=token)
    assert (found.identity, found.level) == (None, Level.NONE)


def test_public_path_is_nobodys() -> None:
    """Where no token is looked at, nobody is told of."""
    public = policy_set(public=[{"paths": ["/a"]}])
    found = _decide("/a", trust(public), mint())
    assert (found.identity, found.whose, found.level) == (None, None, Level.NONE)


class _Revoked:
    """A denylist with everybody on it from its second epoch on."""

    def __init__(self) -> None:
        self.at = 1

    def epoch(self, _now: float) -> int:
        return self.at

    def marks(self, _identity: object) -> Marks:
        return Marks((), (), 0.0)

    def look_up(self, _marks: Marks, _now: float) -> LookUp:
        return LookUp(denied=self.at > 1, epoch=self.at)


def test_who_was_revoked() -> None:
    """A denial of a token that was good tells whose it is."""
    with create(1 << 20) as segment:
        denylist = _Revoked()
        process = _Process(SharedTokenCache(SharedCache(segment, 7), bytes(32)), trust(), denylist)
        assert process.ask(mint()).decision.reason == "allowed"
        denylist.at = 2
        decided = process.ask(mint())
        assert decided.decision.reason == "token_revoked"
        assert decided.identity is not None
        assert (decided.identity.subject, decided.level) == ("alice", Level.L1)


def test_who_is_unsafe() -> None:
    """So does one of an identity that no header can carry."""
    decided = _decide("/a", trust(), mint(claims(sub="a\nb")))
    assert decided.decision.reason == "unsafe_identity"
    assert decided.identity is not None


def test_whose_token_is_bound() -> None:
    """So does one of a token that is good and bound to a certificate that nobody shows."""
    bound = issuer(bound=BoundTokens(mtls=True, dpop=None, required=False))
    decided = _decide("/a", trust(issuers=[bound]), mint(claims(cnf={"x5t#S256": "A" * 43})))
    assert (decided.decision.reason, decided.level) == ("proof_required", Level.NONE)
    assert decided.identity is not None
