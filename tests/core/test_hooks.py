"""Hooks in a check: when they are asked, and what they may change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.check import Checker
from sidecar.core.hooked import HookAnswer, HookAnswers, HookResult
from sidecar.core.needs import AskHooks, Decided, Step, Verify
from sidecar.core.policy.hook import Hook
from sidecar.core.reason import Reason
from sidecar.core.revocation import Kind
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import verdict
from support.denylists import revoking
from support.hooks import answers_to, finish, hook, saying
from support.requests import check_request, with_token
from support.tokens import NOW, claims, mint
from support.trusts import ALLOW_ALL, policy_set, trust

_RAW = with_token(mint())
_DENIES = saying(result=HookResult.DENY, detail="a reason for logs", status=418, message="no tea here")
_ALLOWS = saying(result=HookResult.ALLOW)
_ADDS = saying(result=HookResult.ADD, headers=(("x-tenant", "acme"),), metadata='{"tenant": "acme"}')
_DENY_ALL = [{"name": "closed", "action": "deny", "rules": [{}]}]
_SETS = frozenset({"x-tenant"})


def _trust(
    hooks: Sequence[Hook],
    policies: Sequence[dict[str, Any]] = ALLOW_ALL,
    **more: Any,  # noqa: ANN401
) -> Trust:
    own = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes", "x-tenant")
    found = policy_set(policies, public=[{"paths": ["/public", "/public/*"]}])
    return trust(found, hooks=hooks, stripped_headers=own, guarded_headers=frozenset(own), **more)


def _decide(
    hooks: Sequence[Hook],
    said: Sequence[HookAnswer] = (),
    policies: Sequence[dict[str, Any]] = ALLOW_ALL,
    raw: bytes = _RAW,
) -> tuple[Answer, list[AskHooks]]:
    asked: list[AskHooks] = []
    found = _trust(hooks, policies)
    decided = finish(Checker(lambda: found).begin(raw, NOW), {one.hook: one for one in said}, asked)
    return read_answer(decided.response), asked


def test_nothing_to_say() -> None:
    """A hook that says nothing changes nothing, and was asked once about request and identity."""
    answer, asked = _decide([hook()])
    assert (answer.allowed, answer.reason, answer.header("x-auth-subject")) == (True, "allowed", "alice")
    (need,) = asked
    assert need.identity is not None
    assert (need.request.endpoint.paths, need.identity.subject) == (("/orders",), "alice")


def test_denial() -> None:
    """A hook's denial is what the client sees, with its status and message, and metadata name it and its reason."""
    answer, _ = _decide([hook()], [_DENIES])
    assert (answer.allowed, answer.status, answer.json["reason"]) == (False, 418, "denied_by_hook")
    assert answer.json["message"] == "no tea here"
    assert "a reason for logs" not in answer.body
    assert (answer.metadata["hook"], answer.metadata["hook_reason"]) == ("rules:one", "a reason for logs")


@pytest.mark.parametrize(
    ("result", "reason"), [(HookResult.FAILED, Reason.HOOK_FAILED), (HookResult.TIMEOUT, Reason.HOOK_TIMEOUT)]
)
def test_failure(result: HookResult, reason: Reason) -> None:
    """One that fails, or takes too long, denies with 503, whatever policies allow."""
    answer, _ = _decide([hook()], [saying(result=result, detail="secret", status=200)])
    assert (answer.allowed, answer.status, answer.reason) == (False, 503, reason.value)
    assert "secret" not in answer.body


def test_addition() -> None:
    """Headers that a hook adds go upstream in place of the client's, and metadata stand under its name."""
    answer, _ = _decide([hook(sets_headers=_SETS)], [_ADDS])
    assert answer.header("x-tenant") == "acme"
    assert "x-tenant" not in answer.removed
    assert answer.metadata["hooks"] == {"rules:one": {"tenant": "acme"}}
    assert answer.header("x-auth-subject") == "alice"


def test_header_that_no_hook_sets_this_time() -> None:
    """What a hook could set is taken off where it does not: no client speaks in its name."""
    answer, _ = _decide([hook(sets_headers=_SETS)], [], raw=with_token(mint(), headers={"x-tenant": "forged"}))
    assert "x-tenant" in answer.removed


def test_lookalike_of_a_hook_s_header() -> None:
    """Neither does one that an upstream takes for it."""
    answer, _ = _decide([hook(sets_headers=_SETS)], [_ADDS], raw=with_token(mint(), headers={"x_tenant": "forged"}))
    assert "x_tenant" in answer.removed


def test_undeclared_header() -> None:
    """A header that is not taken off all requests is never set: the check fails."""
    more = saying(result=HookResult.ADD, headers=(("x-other", "1"),))
    answer, _ = _decide([hook(sets_headers=_SETS)], [more])
    assert (answer.allowed, answer.reason) == (False, "internal_error")


def test_identity_header_stays() -> None:
    """A hook never sets whose request it is."""
    forged = saying(result=HookResult.ADD, headers=(("x-auth-subject", "root"),))
    answer, _ = _decide([hook(sets_headers=frozenset({"x-auth-subject"}))], [forged])
    assert answer.header("x-auth-subject") == "alice"


def test_all_are_asked_in_order() -> None:
    """Hooks add up, in their order."""
    hooks = [hook("a:a", sets_headers=_SETS), hook("b:b", sets_headers=frozenset({"x-plan"}))]
    found = _trust(hooks, ALLOW_ALL)
    assert [one.name for one in found.hooks] == ["a:a", "b:b"]
    answer, asked = _decide(hooks, [_ADDS._replace(hook="a:a")])
    assert answer.header("x-tenant") == "acme"
    assert [one.name for one in asked[0].hooks] == ["a:a", "b:b"]


def test_any_denies() -> None:
    """A denial wins over another's allow, whichever comes first."""
    hooks = [hook("a:a", may_allow=True), hook("b:b")]
    for said in ([_ALLOWS._replace(hook="a:a"), _DENIES._replace(hook="b:b")], [_DENIES._replace(hook="a:a")]):
        assert _decide(hooks, said, [])[0].reason == "denied_by_hook"


def test_allows_what_no_policy_allows() -> None:
    """With may_allow it lets in, as who they are, and says so."""
    answer, _ = _decide([hook(may_allow=True)], [_ALLOWS], [])
    assert (answer.allowed, answer.reason, answer.header("x-auth-subject")) == (True, "allowed_by_hook", "alice")
    assert answer.metadata["hook"] == "rules:one"


def test_not_asked_where_it_could_change_nothing() -> None:
    """Where nothing allows, and no hook may, none is asked."""
    answer, asked = _decide([hook(), hook("b:b")], [], [])
    assert (answer.reason, asked) == ("no_policy_allows", [])


def test_allow_without_may_allow() -> None:
    """One that may not and does fails the check, be it that a policy allows."""
    for policies in (ALLOW_ALL, []):
        answer, _ = _decide([hook(), hook("b:b", may_allow=True)], [_ALLOWS], policies)
        assert (answer.allowed, answer.reason) == (False, "hook_failed")


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (_DENY_ALL, "denied_by_policy"),
        ([*ALLOW_ALL, *_DENY_ALL], "denied_by_policy"),
        ([{**ALLOW_ALL[0], "scopes": ["admin"]}], "insufficient_scope"),
    ],
)
def test_policies_that_deny_win(policies: Sequence[dict[str, Any]], reason: str) -> None:
    """No hook overrules a deny policy, nor a scope that is missing: it is not even asked."""
    answer, asked = _decide([hook(may_allow=True, anonymous=True)], [_ALLOWS], policies)
    assert (answer.reason, asked) == (reason, [])


@pytest.mark.parametrize("changes", [{"exp": NOW - 60}, {"aud": "others"}, {"iss": "https://other.example"}])
def test_refused_tokens_win(changes: dict[str, Any]) -> None:
    """A token that is refused is refused, whatever hooks may."""
    answer, asked = _decide([hook(may_allow=True, anonymous=True)], [_ALLOWS], raw=with_token(mint(claims(**changes))))
    assert (answer.status, asked) == (401, [])


def test_public_path() -> None:
    """On a public path hooks are asked about nobody: what they deny is denied there, too."""
    raw = check_request(path="/public")
    answer, asked = _decide([hook()], [_DENIES], raw=raw)
    assert (answer.reason, asked[0].identity) == ("denied_by_hook", None)
    assert _decide([hook()], [], raw=raw)[0].reason == "public_path"


def test_no_credential() -> None:
    """Without a credential nobody is asked, but for one that may allow and says that it allows nobody's as well."""
    raw = check_request()
    for one in (hook(), hook(may_allow=True), hook(anonymous=True)):
        answer, asked = _decide([one], [_ALLOWS], raw=raw)
        assert (answer.status, answer.reason, asked) == (401, "no_credential", [])
    answer, asked = _decide([hook(may_allow=True, anonymous=True)], [_ALLOWS], raw=raw)
    assert (answer.allowed, answer.reason, asked[0].identity) == (True, "allowed_by_hook", None)
    assert answer.header("x-auth-subject") is None
    answer, _ = _decide([hook(may_allow=True, anonymous=True)], [], raw=raw)
    assert (answer.status, answer.reason) == (401, "no_credential")
    answer, asked = _decide([hook(may_allow=True, anonymous=True)], [_ALLOWS], [*ALLOW_ALL, *_DENY_ALL], raw)
    assert (answer.allowed, asked) == (False, [])


def test_several_credentials() -> None:
    """No hook allows a request whose credential is malformed."""
    raw = check_request(headers={"authorization": "Basic x, Bearer y"})
    answer, asked = _decide([hook(may_allow=True, anonymous=True)], [_ALLOWS], raw=raw)
    assert (answer.allowed, asked) == (False, [])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/admin", "denied_by_hook"),
        ("/admin%20", "denied_by_hook"),  # an upstream that trims
        ("/orders", "allowed"),
    ],
)
def test_where_it_is_asked(path: str, reason: str) -> None:
    """A hook for some operations is asked about all that some upstream takes for one of them."""
    answer, _ = _decide([hook(on=[{"paths": ["/admin"]}])], [_DENIES], raw=with_token(mint(), path=path))
    assert answer.reason == reason


def test_where_it_may_allow() -> None:
    """It allows a path alone that is among its own to every upstream."""
    one = hook(on=[{"paths": ["/tea*"]}], may_allow=True)
    assert _decide([one], [_ALLOWS], [], with_token(mint(), path="/teapot"))[0].allowed
    cut = with_token(mint(), path="/tea%23pot")
    assert _decide([one], [_ALLOWS], [], cut)[0].allowed  # /tea is, too
    pots = hook(on=[{"paths": ["*pot"]}], may_allow=True)
    assert _decide([pots], [_ALLOWS], [], with_token(mint(), path="/teapot"))[0].allowed
    assert _decide([pots], [_ALLOWS], [], cut)[0].reason == "no_policy_allows"  # /tea is not


def _begin(found: Trust, cache: LocalCache, raw: bytes = _RAW, now: float = NOW) -> Step:
    step = Checker(lambda: found, recent=cache).begin(raw, now)
    while isinstance(step, Verify):
        step = step.resume(verdict(step), now)
    return step


def test_kept_answers_do_not_pass_by() -> None:
    """An identity that is known is asked about each time, and its kept answers hold what was said this time."""
    found, cache = _trust([hook(sets_headers=_SETS)]), LocalCache(16)
    for said in (_ADDS, saying(), _ADDS._replace(headers=(("x-tenant", "other"),)), _DENIES, saying()):
        step = _begin(found, cache)
        assert isinstance(step, AskHooks)
        answer = read_answer(finish(step, {said.hook: said}, []).response)
        expected = dict(said.headers).get("x-tenant")
        assert answer.header("x-tenant") == expected
        assert ("x-tenant" in answer.removed) is (expected is None and answer.allowed)
        assert answer.allowed is (said.result is not HookResult.DENY)


def test_endpoints_without_hooks_keep_their_way() -> None:
    """Where no hook is asked the answer that is kept is given at once."""
    found, cache = _trust([hook(on=[{"paths": ["/admin"]}])]), LocalCache(16)
    new, first, second = (_begin(found, cache) for _ in range(3))
    assert isinstance(new, Decided)
    assert isinstance(first, Decided)
    assert new.response is first.response
    assert first is second
    assert isinstance(_begin(found, cache, with_token(mint(), path="/admin")), AskHooks)


def test_another_trust_meanwhile() -> None:
    """Answers given under another Trust count for nothing: the check begins anew, and hooks are asked again."""
    before, after = _trust([hook()]), _trust([hook()], [])
    trusts = [before]
    step = Checker(lambda: trusts[-1]).begin(_RAW, NOW)
    assert isinstance(step, Verify)
    asking = step.resume(verdict(step), NOW)
    assert isinstance(asking, AskHooks)
    trusts.append(after)
    again = asking.resume(answers_to(asking, {}), NOW)
    assert isinstance(again, Verify)
    assert read_answer(finish(again, {}, []).response).reason == "no_policy_allows"


def test_token_that_ends_meanwhile() -> None:
    """After the wait time is looked at again: a token that is over by then is refused."""
    step = _begin(_trust([hook()]), LocalCache(16))
    assert isinstance(step, AskHooks)
    later = NOW + 3600
    assert read_answer(finish(step, {}, [], later).response).reason == "token_expired"


def test_revoked_meanwhile() -> None:
    """And so is the denylist."""
    with revoking() as revoker:
        found = _trust([hook()])
        checker = Checker(lambda: found, denylist=revoker.list)
        step: Step = checker.begin(_RAW, NOW)
        while isinstance(step, Verify):
            step = step.resume(verdict(step), NOW)
        assert isinstance(step, AskHooks)
        revoker.revoke(Kind.SUBJECT, "alice")
        assert read_answer(finish(step, {}, []).response).reason == "token_revoked"


@pytest.mark.parametrize(
    "answers",
    [
        lambda need: HookAnswers(bytes(32), answers_to(need, {}).answers),
        lambda need: HookAnswers(need.trust_digest, ()),
        lambda need: HookAnswers(need.trust_digest, answers_to(need, {}).answers[:1]),
        lambda need: HookAnswers(need.trust_digest, answers_to(need, {}).answers[::-1]),
        lambda need: HookAnswers(need.trust_digest, (*answers_to(need, {}).answers, saying("c:c"))),
    ],
)
def test_answers_that_are_not_to_this(answers: Any) -> None:  # noqa: ANN401 - a function of the need
    """Answers under another Trust, too few, in another order or of others fail the check."""
    step = _begin(_trust([hook("a:a"), hook("b:b")]), LocalCache(16))
    assert isinstance(step, AskHooks)
    decided = step.resume(answers(step), NOW)
    assert isinstance(decided, Decided)
    assert decided.decision.reason is Reason.INTERNAL_ERROR


def test_digest_names_the_hooks() -> None:
    """Another hook, another code of it or another order is another Trust."""
    one, two = hook("a:a"), hook("b:b")
    others = [replace(one, digest=bytes(32)), replace(one, may_allow=True)]
    lists = [[], [one], *([other] for other in others), [one, two], [two, one]]
    assert len({_trust(hooks).digest for hooks in lists}) == len(lists)


def test_headers_that_hooks_read() -> None:
    """Envoy has to send the headers that hooks read, and the port where one is for some ports."""
    found = _trust([hook(reads_headers=frozenset({"x-mode"}), on=[{"ports": ["8443"]}])])
    assert "x-mode" in found.headers_read
    assert found.reads_ports
    assert not _trust([hook()]).reads_ports


@pytest.mark.parametrize(
    ("said", "policies", "would"),
    [
        (_DENIES, ALLOW_ALL, "denied_by_hook"),
        (saying(result=HookResult.FAILED), ALLOW_ALL, "hook_failed"),
        (saying(), [], "no_policy_allows"),
        (_ALLOWS, _DENY_ALL, "denied_by_policy"),
    ],
)
def test_global_dry_run(said: HookAnswer, policies: Sequence[dict[str, Any]], would: str) -> None:
    """In global dry run what hooks deny passes too, and is told."""
    found = _trust([hook(may_allow=True)], policies)
    found = replace(found, policy=replace(found.policy, dry_run=True))
    answer = read_answer(finish(Checker(lambda: found).begin(_RAW, NOW), {said.hook: said}, []).response)
    assert (answer.allowed, answer.reason, answer.metadata["dry_run"]["reason"]) == (True, "dry_run", would)
    assert answer.header("x-auth-subject") == "alice"


def test_hook_that_allows_in_global_dry_run() -> None:
    """What a hook would allow is allowed there, by that hook, and nothing would have been denied."""
    found = _trust([hook(may_allow=True)], [])
    found = replace(found, policy=replace(found.policy, dry_run=True))
    answer = read_answer(finish(Checker(lambda: found).begin(_RAW, NOW), {_ALLOWS.hook: _ALLOWS}, []).response)
    assert (answer.allowed, answer.reason, "dry_run" in answer.metadata) == (True, "allowed_by_hook", False)


def test_nobody_in_global_dry_run() -> None:
    """Whoever has no token would have been denied for that, unless a hook denies or allows."""
    for said, would in ((saying(), "no_credential"), (_DENIES, "denied_by_hook")):
        found = _trust([hook(may_allow=True, anonymous=True)], ALLOW_ALL)
        found = replace(found, policy=replace(found.policy, dry_run=True))
        step = Checker(lambda found=found: found).begin(check_request(), NOW)  # type: ignore[misc]
        answer = read_answer(finish(step, {said.hook: said}, []).response)
        assert (answer.reason, answer.metadata["dry_run"]["reason"]) == ("dry_run", would)
        assert answer.header("x-auth-subject") is None
