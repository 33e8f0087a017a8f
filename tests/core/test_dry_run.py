"""Global dry run: whatever would be denied passes and is told, and whose request it is stays true."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache import NO_CACHE
from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.gate import Gate
from sidecar.core.headers_read import HEADERS_SENT
from sidecar.core.needs import Verify
from sidecar.core.reason import ALWAYS_ENFORCED, OUTCOMES, Reason
from sidecar.core.source import BEARER, Source
from sidecar.core.trust import Issuer, Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import decide, finish
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, NOW, claims, forge_payload, mint
from support.trusts import issuer, policy_set, trust

_PAGE = Path(__file__).parent.parent.parent / "docs/dry-run.md"
_POLICIES = [
    {"name": "no-admin", "action": "deny", "rules": [{"to": [{"operation": {"paths": ["/admin", "/public/admin"]}}]}]},
    {
        "name": "write",
        "action": "allow",
        "scopes": ["write"],
        "rules": [{"to": [{"operation": {"methods": ["POST"]}}]}],
    },
    {"name": "read", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/orders"]}}]}]},
]
_ENFORCED = trust(policy_set(_POLICIES, public=[{"paths": ["/public/*"]}]))
_IDENTITY = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes")


def dry(enforced: Trust) -> Trust:
    """Return the same, in dry run."""
    return replace(enforced, policy=replace(enforced.policy, dry_run=True))


_DRY = dry(_ENFORCED)
_TOKENS: dict[str, str | None] = {
    "none": None,
    "good": mint(),
    "forged": mint()[:-8] + "AAAAAAAA",
    "expired": mint(claims(exp=int(NOW) - 100)),
    "unsafe": forge_payload(claims(sub="a\nb")),
    "other issuer": mint(claims(iss="https://other.example")),
    "garbage": "a.b.c",
    "nobody": mint(claims(sub=ABSENT)),
}


def _request(token: str | None, method: str, path: str, headers: dict[str, str]) -> bytes:
    if token is None:
        return check_request(method=method, path=path, headers=headers)
    return with_token(token, method=method, path=path, headers=headers)


@given(
    st.sampled_from(sorted(_TOKENS)),
    st.sampled_from(["GET", "POST", "get"]),
    st.sampled_from(["/orders", "/admin", "/public/a", "/public/admin", "/x/../admin", "/orders?access_token=a"]),
    st.dictionaries(st.sampled_from([*_IDENTITY, "x_auth_subject", "x.auth.issuer", "x-other"]), st.just("forged")),
)
def test_whatever_is_sent(token: str, method: str, path: str, headers: dict[str, str]) -> None:
    """It passes; what is told is what would have been decided; only a verified token has an identity."""
    raw = _request(_TOKENS[token], method, path, headers)
    would, does = decide(raw, _ENFORCED), decide(raw, _DRY)
    assert does.allowed
    if would.allowed:
        assert does == would
    else:
        assert does.reason == "dry_run"
        told = does.metadata["dry_run"]
        assert (told["decision"], told["reason"]) == ("deny", would.reason)
        assert told.get("policy") == would.metadata.get("policy")
    by_policy = would.reason in {"no_policy_allows", "insufficient_scope", "denied_by_policy"}
    has_identity = token == "good" and (would.reason == "allowed" or (by_policy and "/public" not in path))
    assert (does.header("x-auth-subject") == "alice") is has_identity
    # Each identity header is set or removed, exactly one of the two, and look-alikes are removed.
    set_ones = {name for name, _ in does.headers}
    assert set(_IDENTITY) <= set_ones ^ set(does.removed)
    assert not set_ones & set(does.removed)
    assert {"x_auth_subject", "x.auth.issuer"} & headers.keys() <= set(does.removed)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff", "unreadable_request"),
        (b"", "unreadable_request"),
    ],
)
def test_what_cannot_be_read(raw: bytes, reason: str) -> None:
    """Is denied: nobody can say what of it is to be removed."""
    answer = decide(raw, _DRY)
    assert (answer.allowed, answer.reason) == (False, reason)


def _with_listed_headers(raw: bytes, listed: str) -> bytes:
    from sidecar.protos.ext_authz import CheckRequest  # noqa: PLC0415 - for this alone

    message = CheckRequest.FromString(raw)
    message.attributes.context_extensions[HEADERS_SENT] = listed
    changed: bytes = message.SerializeToString()
    return changed


def test_what_envoy_does_not_send() -> None:
    """Where Envoy lets through fewer headers than are looked at everything is denied, look-alikes being unseen."""
    raw = _with_listed_headers(with_token(mint()), "accept")
    assert decide(raw, _DRY).reason == "envoy_config_stale"
    assert Checker(lambda: _DRY).unenforced(raw, Denial(Reason.DEADLINE_EXCEEDED)) is None


class _Closed(Gate):
    def admits(self, source: str) -> bool:  # noqa: ARG002 - the protocol's
        return False

    def failed(self, source: str) -> None:
        pass


def test_who_floods() -> None:
    """Passes as nobody, with what is not theirs removed."""
    checker = Checker(lambda: _DRY, NO_CACHE, gate=_Closed())
    answer = read_answer(finish(checker.begin(with_token(mint(), headers={"x_auth_subject": "x"}), NOW)).response)
    assert (answer.allowed, answer.metadata["dry_run"]["reason"]) == (True, "overloaded")
    assert {"x-auth-subject", "x_auth_subject"} <= set(answer.removed)


def test_credentials_are_taken_off() -> None:
    """A cookie and a query parameter that upstreams are not to have go away, whatever became of the token."""
    places = frozenset({BEARER, Source("cookie", "session"), Source("query", "token")})
    taken_off = trust(
        issuers=[issuer(sources=places)], token_cookies=("session",), token_parameters=("token",), forward_token=False
    )
    in_force = dry(taken_off)
    answer = decide(check_request(headers={"cookie": "a=b; session=x"}), in_force)
    assert (answer.header("cookie"), answer.metadata["dry_run"]["reason"]) == ("a=b", "token_malformed")
    assert "authorization" in answer.removed
    assert decide(check_request(path="/orders?token=x"), in_force).parameters == ("token",)


class _Sidecar:
    """A checker with a cache, whose trust can be replaced."""

    def __init__(self, in_force: Trust) -> None:
        self.trust = in_force
        self._checker = Checker(lambda: self.trust, NO_CACHE, LocalCache(10))

    def ask(self, path: str) -> tuple[Answer, bool]:
        """Check a good token; say as well whether its signature was looked at."""
        step = self._checker.begin(with_token(_GOOD, path=path), NOW)
        return read_answer(finish(step).response), isinstance(step, Verify)


_GOOD = mint()


@pytest.mark.parametrize("path", ["/orders", "/admin", "/other"])
def test_kept_answers(path: str) -> None:
    """Answers that are kept are those of the trust in force, with dry run switched on and off between them."""
    sidecar = _Sidecar(_ENFORCED)
    sidecar.ask("/orders")
    for in_force in (_ENFORCED, _DRY, _ENFORCED, _DRY):
        sidecar.trust = in_force
        fresh = decide(with_token(_GOOD, path=path), in_force)
        for _ in range(3):
            assert sidecar.ask(path) == (fresh, False)


def test_names_of_policies_are_no_reasons() -> None:
    """A policy that is called as a reason is has answers of its own."""
    deny = {"name": "d", "action": "deny", "dry_run": True, "rules": [{"to": [{"operation": {"paths": ["/orders"]}}]}]}
    allow = {"name": "dry_run", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/orders"]}}]}]}
    really = {"name": "d2", "action": "deny", "rules": [{"to": [{"operation": {"paths": ["/admin"]}}]}]}
    sidecar = _Sidecar(dry(trust(policy_set([deny, allow, really]))))
    for path in ("/orders", "/admin", "/orders", "/admin"):
        answer, _ = sidecar.ask(path)
        assert answer == decide(with_token(_GOOD, path=path), sidecar.trust)


def _rows() -> dict[str, str]:
    rows = re.findall(r"^\| ([^|]+) \| ([a-z0-9_, ]+) \| [^|]+ \|$", _PAGE.read_text("utf-8"), re.MULTILINE)
    named = [(reason, what) for what, reasons in rows for reason in reasons.split(", ") if what != "in global dry run"]
    assert len(named) == len(dict(named)), "a reason stands in two rows"
    return dict(named)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_classified(reason: Reason) -> None:
    """docs/dry-run.md says of each denial what becomes of it, and the code does so."""
    row = _rows().get(reason.value)
    if OUTCOMES[reason].status == 200:
        assert row is None
    else:
        assert row is not None
        assert (row == "denied all the same") is (reason in ALWAYS_ENFORCED)


def test_digest() -> None:
    """Dry run is part of what a Trust is."""
    assert _ENFORCED.digest != _DRY.digest
    assert isinstance(_DRY.issuers[ISSUER], Issuer)
