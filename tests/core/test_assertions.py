"""An identity goes upstream only with an assertion about it: asked for, kept, renewed ahead, and never outliving it."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.assertion import Minted, Statement, assertion_of, statement_of
from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Mint, Step, Verify
from sidecar.core.trust import AssertionSettings, Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import minted, verdict
from support.identities import identity
from support.keypairs import pair
from support.requests import check_request, with_token
from support.tokens import ISSUER, NOW, claims, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

HEADER = "x-auth-assertion"
LIFETIME = 300


def settings(**changes: Any) -> AssertionSettings:  # noqa: ANN401 - any field
    """Return settings with ``changes``."""
    fields: dict[str, Any] = {
        "issuer": "https://authz.example",
        "header": HEADER,
        "audience": ("behind",),
        "policy_audiences": (),
        "lifetime": LIFETIME,
        "token_type": "JWT",
        "subject_is_principal": True,
        "claims": ("scope",),
    }
    return AssertionSettings(**fields | changes)


def asserting(policies: Any = None, **changes: Any) -> Trust:  # noqa: ANN401 - any field
    """Return a Trust that asserts, without clock skew, so that identities end when their tokens say."""
    return trust(
        policy_set(policies or ALLOW_ALL, public=[{"paths": ["/public"]}]),
        [issuer(clock_skew=0.0)],
        assertion=settings(**changes),
        stripped_headers=("x-auth-subject", HEADER),
        guarded_headers=frozenset({HEADER}),
    )


class Process:
    """A process whose signer names its tokens by number. ``renewals`` are what was asked for meanwhile."""

    def __init__(self, in_force: Trust | None = None) -> None:
        self.trust = in_force or asserting()
        self.minted = 0
        self.renewals: list[tuple[Statement, Callable[[Minted], None]]] = []
        self.checker = Checker(lambda: self.trust, recent=LocalCache(100), renewals=self)

    def begin(self, statement: Statement, done: Callable[[Minted], None]) -> None:
        """Take note."""
        self.renewals.append((statement, done))

    def verified(self, raw: bytes, now: float = NOW) -> Step:
        """Begin a check, and go on behind the signature."""
        step = self.checker.begin(raw, now)
        return step.resume(verdict(step), now) if isinstance(step, Verify) else step

    def ask(self, raw: bytes, now: float = NOW) -> Answer:
        """Check a request to its end."""
        step = self.verified(raw, now)
        if isinstance(step, Mint):
            self.minted += 1
            step = step.resume(minted(step, now, f"token-{self.minted}"), now)
        assert isinstance(step, Decided)
        return read_answer(step.response)


def pending(process: Process, raw: bytes, now: float = NOW) -> Mint:
    """Begin a check that must come to wait for an assertion."""
    step = process.verified(raw, now)
    assert isinstance(step, Mint)
    return step


def test_what_is_asserted() -> None:
    """The statement has the principal, the audience and the claims that are to be copied, and no others."""
    need = pending(
        Process(asserting(claims=("scope", "tenant", "absent"))), with_token(mint(claims(tenant="acme", x=1)))
    )
    said = dict(need.statement.claims)
    assert said.pop("sub") == f"{ISSUER}/{claims()['sub']}"
    assert said.pop("aud") == "behind"
    assert said == {name: value for name, value in claims(tenant="acme").items() if name in ("scope", "tenant")}
    assert "acme" not in repr(need)


def test_known_identity_is_decided_at_once() -> None:
    """The second check of a token gets the same assertion, and needs nothing."""
    process, raw = Process(), with_token(mint())
    first = process.ask(raw)
    assert first.header(HEADER) == "token-1"
    assert process.ask(raw, NOW + LIFETIME / 2) == first
    assert process.minted == 1


def test_renewed_ahead_while_the_old_one_is_used() -> None:
    """When a third of its life is left one check asks for a successor, nobody waits, and later ones have it."""
    process, raw = Process(), with_token(mint(claims(exp=NOW + 3600)))
    process.ask(raw)
    due = NOW + LIFETIME * 2 / 3 + 1
    assert [process.ask(raw, due + step / 10).header(HEADER) for step in range(5)] == ["token-1"] * 5
    ((_, done),) = process.renewals
    done(Minted("renewed", int(due), int(due) + LIFETIME))
    assert process.ask(raw, due + 1).header(HEADER) == "renewed"
    assert process.minted == 1


def test_renewal_that_fails_is_tried_again() -> None:
    """While nothing comes of it one check a second asks again; when too little is left, a check waits for a new one."""
    process, raw = Process(), with_token(mint(claims(exp=NOW + 3600)))
    process.ask(raw)
    due = NOW + LIFETIME * 2 / 3 + 1
    for step in range(10):
        assert process.ask(raw, due + step / 2).header(HEADER) == "token-1"
    assert len(process.renewals) == 5
    assert process.ask(raw, NOW + LIFETIME * 0.91).header(HEADER) == "token-2"


def test_never_outlives_the_identity() -> None:
    """An identity that ends sooner has an assertion that ends with it, and no successor."""
    process, raw = Process(), with_token(mint(claims(exp=NOW + 60)))
    need = pending(process, raw)
    assert need.statement.not_after == NOW + 60
    assert process.ask(raw).header(HEADER) == "token-1"
    assert process.ask(raw, NOW + 59.5).header(HEADER) == "token-1"
    assert process.renewals == []
    assert process.ask(raw, NOW + 60).reason == "token_expired"


def test_never_outlives_a_trust() -> None:
    """Under another Trust another assertion is asked for, and what was asked for under the old one is not kept."""
    process, raw = Process(), with_token(mint(claims(exp=NOW + 3600)))
    process.ask(raw)
    process.ask(raw, NOW + LIFETIME * 2 / 3 + 1)
    process.trust = asserting(audience=("other",))
    assert process.ask(raw, NOW + 202).header(HEADER) == "token-2"
    ((_, done),) = process.renewals
    done(Minted("late", int(NOW) + 201, int(NOW) + 501))
    assert process.ask(raw, NOW + 203).header(HEADER) == "token-2"


def test_trust_that_changes_during_the_wait() -> None:
    """A check whose Trust went while it waited begins anew: the key may be gone."""
    process, raw = Process(), with_token(mint())
    need = pending(process, raw)
    process.trust = trust(issuers=[issuer([pair(key_id="key-2").public])], assertion=settings())
    step = need.resume(minted(need), NOW)
    assert isinstance(step, Decided)
    assert read_answer(step.response).reason == "unknown_key"


def test_identity_that_ends_during_the_wait() -> None:
    """A check whose token expired while it waited is denied, whatever was signed."""
    need = pending(Process(), with_token(mint(claims(exp=NOW + 60))))
    step = need.resume(minted(need), NOW + 61)
    assert isinstance(step, Decided)
    assert read_answer(step.response).reason == "token_expired"


@pytest.mark.parametrize(
    "answer", [None, Minted("over", int(NOW) - 600, int(NOW) - 300), Minted("ahead", int(NOW) + 60, int(NOW) + 360)]
)
def test_without_an_assertion_it_is_denied(answer: Minted | None) -> None:
    """Where nothing was signed, or nothing that may be sent now, the request does not pass."""
    need = pending(Process(), with_token(mint()))
    step = need.resume(answer, NOW)
    assert isinstance(step, Decided)
    denied = read_answer(step.response)
    assert (denied.status, denied.reason) == (503, "assertion_unavailable")


def test_too_long_for_a_header() -> None:
    """An assertion that no header would carry is a denial, never cut."""
    need = pending(Process(), with_token(mint()))
    step = need.resume(Minted("x" * 5000, int(NOW), int(NOW) + LIFETIME), NOW)
    assert isinstance(step, Decided)
    assert read_answer(step.response).reason == "unsafe_identity"


def test_identity_without_subject() -> None:
    """Of nobody nothing is asserted."""
    of_nobody = trust(issuers=[issuer(required_claims=frozenset())], assertion=settings())
    token = mint({name: value for name, value in claims().items() if name != "sub"})
    assert Process(of_nobody).ask(with_token(token)).reason == "unsafe_identity"


def test_public_path_has_none() -> None:
    """Where nobody is identified nothing is signed, and a client's header is removed."""
    answer = Process().ask(check_request(path="/public", headers={HEADER: "forged"}))
    assert answer.allowed
    assert HEADER in answer.removed
    assert answer.header(HEADER) is None


def test_denied_has_none() -> None:
    """For who is denied nothing is signed."""
    process = Process(
        asserting([{"name": "a", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/a"]}}]}]}])
    )
    assert process.ask(with_token(mint(), path="/b")).reason == "no_policy_allows"
    assert process.minted == 0


def test_audience_by_policy() -> None:
    """Each audience has its own assertion, which is kept beside the other's."""
    allow = [
        {"name": name, "action": "allow", "rules": [{"to": [{"operation": {"paths": [f"/{name}"]}}]}]}
        for name in ("a", "b")
    ]
    process, token = Process(asserting(allow, policy_audiences=(("b", ("b1", "b2")),))), mint()
    assert pending(process, with_token(token, path="/b")).statement.claims["aud"] == ["b1", "b2"]
    found = [process.ask(with_token(token, path=f"/{name}")).header(HEADER) for name in ("a", "b", "a", "b")]
    assert found == ["token-1", "token-2", "token-1", "token-2"]


def test_clock_that_goes_back() -> None:
    """An assertion from the future is not sent: to the upstream it would not be valid yet."""
    process, raw = Process(), with_token(mint(claims(iat=NOW - 1000, exp=NOW + 3600)))
    assert process.ask(raw).header(HEADER) == "token-1"
    assert process.ask(raw, NOW - 100).header(HEADER) == "token-2"


def test_what_a_client_sends_beside_it() -> None:
    """An answer that is made for one request alone has the assertion as well."""
    process, token = Process(), mint()
    odd = process.ask(with_token(token, headers={"x_auth_assertion": "forged"}))
    assert odd.header(HEADER) == "token-1"
    assert "x_auth_assertion" in odd.removed


def test_identity_that_never_ends() -> None:
    """An API key may have no end: what is asserted of it has one all the same, and is renewed."""
    who = replace(identity(), valid_until=math.inf)
    statement = statement_of(settings(), who, ("behind",), NOW)
    assert NOW + LIFETIME < statement.not_after < math.inf
    found = assertion_of(Minted("t", int(NOW), int(NOW) + LIFETIME), statement)
    assert found.renew_at < found.good_until < NOW + LIFETIME
