"""The short way of a credential that was met before: what it skips, it may skip."""

import gc
import weakref

import pytest

from sidecar.core.cache import Known
from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Verify
from sidecar.core.sent import read_sent
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import finish
from support.identities import identity
from support.requests import check_request, with_token
from support.tokens import NOW, claims, mint
from support.trusts import ALLOW_ALL, policy_set, trust


class Process:
    """A process with its own cache alone, whose trust can be replaced, and which counts signatures."""

    def __init__(self, in_force: Trust | None = None) -> None:
        self.trust = in_force or trust()
        self.recent = LocalCache(100)
        self.signatures = 0
        self._checker = Checker(lambda: self.trust, recent=self.recent)

    def ask(self, raw: bytes, now: float = NOW) -> Answer:
        """Check a request to its end."""
        step = self._checker.begin(raw, now)
        self.signatures += isinstance(step, Verify)
        return read_answer(finish(step, now).response)


def _named(name: str, **rule: object) -> dict[str, object]:
    return {"name": name, "action": "allow", "rules": [rule]}


@pytest.mark.parametrize("spelling", ["Bearer {}", "bearer {}"])
def test_usual_spellings_are_remembered(spelling: str) -> None:
    """The scheme as nearly everybody writes it: the second time no signature is needed."""
    process, token = Process(), mint()
    raw = check_request(headers={"authorization": spelling.format(token)})
    assert process.ask(raw) == process.ask(raw)
    assert process.signatures == 1


@pytest.mark.parametrize("spelling", ["BEARER {}", "bEaReR {}", "Bearer  {}", "Bearer " + " " * 1000 + "{}"])
def test_odd_spellings_are_not_kept(spelling: str) -> None:
    """One token in hundreds of spellings would push everybody else out, and fill the memory."""
    process = Process()
    assert process.ask(check_request(headers={"authorization": spelling.format(mint())})).allowed
    assert len(process.recent) == 0


def test_large_tokens_are_not_kept() -> None:
    """What is kept of a token is several times as large as it is."""
    process = Process()
    assert process.ask(with_token(mint(claims(padding="p" * 4096)))).allowed
    assert len(process.recent) == 0


@pytest.mark.parametrize("credential", ["Bearer {}x", "Bearer {} ", "Bearer {},Bearer {}", "Basic {}", "{}"])
def test_what_is_not_the_very_text_is_parsed(credential: str) -> None:
    """A text with a known credential in it is held against all rules."""
    process, token = Process(), mint()
    assert process.ask(with_token(token)).allowed
    assert not process.ask(check_request(headers={"authorization": credential.format(token, token)})).allowed


@pytest.mark.parametrize("query", ["access_token=x", "a=b&Access_Token=x", "access%5Ftoken=x"])
def test_second_token_in_the_query(query: str) -> None:
    """A token in the query is refused beside a known credential as well."""
    process, token = Process(), mint()
    assert process.ask(with_token(token, path="/orders?a=b")).allowed
    assert process.ask(with_token(token, path=f"/orders?{query}")).reason == "several_credentials"
    assert process.ask(with_token(token)).allowed


def test_headers_of_the_client_are_removed_each_time() -> None:
    """An answer that depends on what this client sent is made for it, and is not the next one's."""
    process, token = Process(), mint()
    plain = process.ask(with_token(token))
    odd = process.ask(with_token(token, headers={"x_auth_subject": "attacker", "x-original-url": "/admin"}))
    assert {"x_auth_subject", "x-original-url"} <= set(odd.removed)
    assert process.ask(with_token(token)) == plain
    assert not {"x_auth_subject", "x-original-url"} & set(plain.removed)


def test_each_policy_has_its_own_answer() -> None:
    """The answer names the policy that allowed this very request."""
    allow = [_named("a", to=[{"operation": {"paths": ["/a"]}}]), _named("b", to=[{"operation": {"paths": ["/b"]}}])]
    process, token = Process(trust(policy_set(allow))), mint()
    for _ in range(2):
        for path in ("/a", "/b"):
            assert process.ask(with_token(token, path=path)).metadata["policy"] == path[1:]


def test_another_trust_makes_other_answers() -> None:
    """With a new Trust nothing of an old answer is left: neither headers, nor what a rule said of the identity."""
    who = [_named("p", when=[{"key": "request.auth.claims[groups]", "values": ["staff"]}])]
    process, token = Process(trust(policy_set(who))), mint(claims(groups=["staff"]))
    first = process.ask(with_token(token))
    assert first.allowed
    process.trust = trust(policy_set(who), subject_header="x-user")
    assert process.ask(with_token(token)).header("x-user")
    who[0]["rules"] = [{"when": [{"key": "request.auth.claims[groups]", "notValues": ["staff"]}]}]
    process.trust = trust(policy_set(who))
    assert process.ask(with_token(token)).reason == "no_policy_allows"
    assert process.signatures == 1


def test_public_answers_are_those_of_the_trust_in_force() -> None:
    """A public path is answered for nobody in particular, and anew under each Trust."""
    process = Process(trust(policy_set(public=[{"paths": ["/public"]}])))
    raw = check_request(path="/public")
    assert "x-auth-subject" in process.ask(raw).removed
    process.trust = trust(policy_set(public=[{"paths": ["/public"]}]), subject_header="x-user")
    assert {"x-user"} <= set(process.ask(raw).removed)
    process.trust = trust(policy_set(ALLOW_ALL))
    assert process.ask(raw).reason == "no_credential"


def test_smaller_tokens_alone() -> None:
    """A lowered ``max_token_bytes`` holds for tokens that are remembered."""
    process, token = Process(), mint()
    assert process.ask(with_token(token)).allowed
    process.trust = trust(max_token_bytes=len(token) - 1)
    assert process.ask(with_token(token)).reason == "token_too_large"
    process.trust = trust(max_token_bytes=len(token))
    assert process.ask(with_token(token)).allowed


def test_time_is_looked_at_each_time() -> None:
    """A known identity holds from its first second on, and not at its last."""
    who = identity()
    known, in_force = Known(who), trust()
    times = (who.valid_from, who.valid_until - 0.001, who.valid_until, who.valid_from - 0.001)
    assert [known.holds(in_force, now) for now in times] == [True, True, False, False]


def test_answers_for_one_identity_are_bounded() -> None:
    """Hundreds of policies do not make hundreds of answers for each identity."""
    allow = [_named(f"p{number}", to=[{"operation": {"paths": [f"/{number}"]}}]) for number in range(40)]
    process, token = Process(trust(policy_set(allow))), mint()
    for number in range(40):
        assert process.ask(with_token(token, path=f"/{number}")).metadata["policy"] == f"p{number}"
    known = process.recent.recall(f"Bearer {token}")
    assert known is not None
    assert len(known.permits) == 8
    assert all(isinstance(one, Decided) for one in known.permits.values())


def test_settled_answers_are_those_of_evaluation() -> None:
    """Where the rules look at nothing but endpoint and identity their answer is kept, for this identity alone."""
    deny = {"name": "d", "action": "deny", "rules": [{"when": [{"key": "request.auth.claims[bad]", "values": ["*"]}]}]}
    in_force = trust(policy_set([_named("a", to=[{"operation": {"paths": ["/a/*"]}}]), deny]))
    process, good, bad = Process(in_force), mint(), mint(claims(bad="yes"))
    for _ in range(3):
        assert [process.ask(with_token(good, path=path)).allowed for path in ("/a/1", "/a/2", "/b")] == [1, 1, 0]
        assert process.ask(with_token(bad, path="/a/1")).reason == "denied_by_policy"
    known = process.recent.recall(f"Bearer {good}")
    assert known is not None
    assert len(known.settled) == 1


def test_rules_that_look_at_the_request_are_evaluated_each_time() -> None:
    """An answer that a header decided is not the next request's."""
    looking = {"when": [{"key": "request.headers[x-env]", "values": ["test"]}]}
    for rules in ([_named("a", **looking)], [*ALLOW_ALL, {"name": "d", "action": "deny", "rules": [looking]}]):
        process, token = Process(trust(policy_set(rules))), mint()
        wanted = rules[-1]["action"] == "allow"
        for value in ("test", "live") * 3:
            answer = process.ask(with_token(token, headers={"x-env": value}))
            assert answer.allowed is (wanted is (value == "test"))


def test_names_found_harmless_do_not_hide_others() -> None:
    """A request with one more name than those before is looked at, however many were found harmless."""
    process, token = Process(), mint()
    for number in range(1000):
        assert process.ask(with_token(token, headers={f"x-{number}": "a", "y" * 100 + str(number): "b"})).allowed
        if number % 100 == 0:
            odd = process.ask(with_token(token, headers={f"x-{number}": "a", "x.auth.subject": "attacker"}))
            assert "x.auth.subject" in odd.removed


def test_remembered_identities_do_not_keep_old_policies_alive() -> None:
    """A token that is idle while the policy is replaced keeps nothing of the old one."""
    process, token = Process(), mint()
    assert process.ask(with_token(token)).allowed
    lookup = process._checker._lookup
    assert lookup is not None
    old = weakref.ref(lookup.find(read_sent(with_token(token))).rules)
    del lookup
    process.trust = trust()
    assert process.ask(check_request()).reason == "no_credential"
    gc.collect()
    assert old() is None
