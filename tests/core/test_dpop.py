"""Tokens that are bound to a key (RFC 9449): with a proof of their holder's for this very request, or not at all."""

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import Algorithm
from sidecar.core.binding import BoundTokens, Dpop
from sidecar.core.cache import NO_CACHE, TokenCache
from sidecar.core.check import Checker
from sidecar.core.dpop import Proofs
from sidecar.core.needs import Decided, Verify
from sidecar.core.replay import Use
from sidecar.core.source import BEARER, DPOP
from sidecar.core.trust import Issuer, Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.replays import SharedReplays
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.keys.proof_key import read_proof_key
from sidecar.memory.cache import SharedCache
from sidecar.memory.replays import ReplayTable
from sidecar.memory.segment import create
from support.answers import Answer, read_answer
from support.checks import finish, verdict
from support.keypairs import pair
from support.proofs import HOLDER, STRANGER, bound_to, encoded, proof, public
from support.requests import check_request, with_token
from support.tokens import ABSENT, NOW, claims, mint
from support.trusts import issuer, trust

TOKEN = mint(claims(cnf=bound_to()))
CHECKED = Dpop(frozenset({Algorithm.ES256, Algorithm.EDDSA}), 60.0, frozenset())


def dpop_issuer(dpop: Dpop = CHECKED, *, mtls: bool = False, required: bool = False, **changes: Any) -> Issuer:  # noqa: ANN401
    """Return an issuer whose tokens may be bound to keys."""
    return issuer(bound=BoundTokens(mtls, dpop, required), sources=frozenset({BEARER, DPOP}), **changes)


class Server:
    """A server that checks proofs, with all its caches."""

    def __init__(
        self,
        table: ReplayTable,
        in_force: Trust | None = None,
        tokens: TokenCache = NO_CACHE,
        **proofs: Any,  # noqa: ANN401
    ) -> None:
        self.trust = in_force or trust(issuers=[dpop_issuer()])
        self.signatures = 0
        self.local = LocalCache(10)
        fields: dict[str, Any] = {"read_key": read_proof_key, "replays": SharedReplays(table)}
        known = Proofs(**fields | proofs)
        self.checker = Checker(lambda: self.trust, tokens, self.local, proofs=known)

    def check(self, raw: bytes, now: float = NOW) -> Answer:
        """Check to the end."""
        step = self.checker.begin(raw, now)
        while not isinstance(step, Decided):
            assert isinstance(step, Verify)
            self.signatures += 1
            step = step.resume(verdict(step), now)
        return read_answer(step.response)

    def ask(self, shown: str | None, token: str = TOKEN, now: float = NOW, **request: Any) -> Answer:  # noqa: ANN401
        """Check a token with a proof."""
        headers = {"authorization": f"DPoP {token}"} | ({} if shown is None else {"dpop": shown})
        return self.check(check_request(headers=headers | request.pop("headers", {}), **request), now)


@pytest.fixture
def table() -> Iterator[ReplayTable]:
    """Return an empty memory of proofs."""
    with create(1 << 16) as segment:
        yield ReplayTable(segment, bytes(32))


@pytest.fixture
def server(table: ReplayTable) -> Server:
    """Return a server."""
    return Server(table)


def test_good_proof(server: Server) -> None:
    """A token with its holder's proof speaks for its subject."""
    answer = server.ask(proof(TOKEN))
    assert (answer.allowed, answer.header("x-auth-subject")) == (True, "alice")


@pytest.mark.parametrize("algorithm", [Algorithm.EDDSA, Algorithm.RS256, Algorithm.PS384, Algorithm.ES512])
def test_every_kind_of_key(table: ReplayTable, algorithm: Algorithm) -> None:
    """A proof may be signed with any algorithm that is configured."""
    holder = pair(algorithm, owner="holder")
    token = mint(claims(cnf=bound_to(holder)))
    server = Server(table, trust(issuers=[dpop_issuer(Dpop(frozenset({algorithm}), 60.0, frozenset()))]))
    assert server.ask(proof(token, holder), token).allowed


@pytest.mark.parametrize(
    "changes",
    [
        *({"htm": value} for value in ("POST", "get", ABSENT, None, 5, ["GET"])),
        *({"htu": value} for value in (ABSENT, None, 5, "", "/orders", "https://api.example", "https://api.example/")),
        *(
            {"htu": f"https://api.example{path}"}
            for path in ("/orders/", "/Orders", "/orders%2F", "/x/../orders", "//orders")
        ),
        *(
            {"htu": f"{origin}/orders"}
            for origin in ("http://api.example", "https://other.example", "https://api.example:8443")
        ),
        *(
            {"htu": value}
            for value in ("ftp://api.example/orders", "https://u@api.example/orders", "https:api.example/orders")
        ),
        *({"iat": value} for value in (ABSENT, None, "1", True, NOW - 91, NOW + 31, 0, -1e300, [NOW])),
        *({"jti": value} for value in (ABSENT, None, "", 5, "x" * 257)),
        *({"ath": value} for value in (ABSENT, None, "", encoded(b"x" * 32), 5)),
    ],
)
def test_claims(server: Server, changes: dict[str, Any]) -> None:
    """A proof is for this method, this URI, this moment and this token."""
    answer = server.ask(proof(TOKEN, **changes))
    assert (answer.status, answer.reason) == (401, "proof_invalid")
    challenge = answer.header("www-authenticate") or ""
    assert challenge.startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in challenge


@pytest.mark.parametrize(
    "headers",
    [
        *({"typ": value} for value in ("JWT", "dpop", "at+jwt", ABSENT, None, 5)),
        *({"alg": name} for name in ("none", "HS256", "ES384", "EdDSA", "", None, ABSENT)),
        *({"jwk": key} for key in (ABSENT, None, "x", dict[str, Any](), public(STRANGER), {"kty": "oct", "k": "AAAA"})),
        {"jwk": public(HOLDER) | {"d": "AAAA"}},
        {"jwk": public(HOLDER) | {"use": "enc"}},
        {"jwk": public(HOLDER) | {"alg": "ES384"}},
        {"jwk": public(HOLDER) | {"x": "AAAA"}},
        {"jwk": public(HOLDER) | {"kty": ["EC"]}},
        {"crit": ["x"]},
        {"b64": False},
    ],
)
def test_header(server: Server, headers: dict[str, Any]) -> None:
    """A proof says what it is, is signed with an allowed algorithm, and brings the public key the token is bound to."""
    assert server.ask(proof(TOKEN, headers=headers)).reason == "proof_invalid"


def test_stranger_s_proof(server: Server) -> None:
    """Whoever stole a token cannot sign for it: not with a key of his own, nor under the holder's name."""
    assert server.ask(proof(TOKEN, STRANGER)).reason == "proof_invalid"
    assert server.signatures == 1
    assert server.ask(proof(TOKEN, STRANGER, {"jwk": public(HOLDER)})).reason == "proof_invalid"


@pytest.mark.parametrize("shown", ["", "a.b.c", "é", "x" * 9000, "a,b"])
def test_what_is_no_proof(server: Server, shown: str) -> None:
    """What is no JWT, or more than one, is no proof."""
    assert server.ask(shown).reason == "proof_invalid"


def test_two_proofs(server: Server) -> None:
    """Two DPoP headers, which Envoy joins, are none."""
    assert server.ask(f"{proof(TOKEN)},{proof(TOKEN)}").reason == "proof_invalid"


def test_no_proof(server: Server) -> None:
    """Without a proof a bound token is refused."""
    assert server.ask(None).reason == "proof_required"


def test_never_a_bearer_token(table: ReplayTable) -> None:
    """A bound token is no bearer token, with a proof beside it neither, and not after it was found good."""
    with create(1 << 20) as segment:
        server = Server(table, tokens=SharedTokenCache(SharedCache(segment, 7), bytes(32)))
        assert server.check(with_token(TOKEN)).reason == "proof_required"
        assert server.ask(proof(TOKEN)).allowed
        assert server.check(with_token(TOKEN)).reason == "proof_required"
        assert server.check(with_token(TOKEN, headers={"dpop": proof(TOKEN, jti="2")})).reason == "proof_required"
        assert server.ask(None).reason == "proof_required"
        assert len(server.local) == 0


def test_unbound_token_as_dpop(server: Server) -> None:
    """A token that is bound to nothing does not come as DPoP, whatever proof is beside it."""
    token = mint()
    assert server.ask(proof(token), token).reason == "proof_required"
    assert server.check(with_token(token)).allowed


def test_required(table: ReplayTable) -> None:
    """Where bindings are required a token without one is refused."""
    server = Server(table, trust(issuers=[dpop_issuer(required=True)]))
    assert server.check(with_token(mint())).reason == "proof_required"
    assert server.ask(proof(TOKEN)).allowed


@pytest.mark.parametrize(
    "cnf",
    [
        *({}, None, "x", [], {"jkt": None}, {"jkt": 5}, {"jkt": "short"}, {"jkt": bound_to()["jkt"] + "="}),
        *(
            bound_to() | {"jwk": public(HOLDER)},
            bound_to() | {"x5t#S256": "A" * 43},
            {"kid": "x"},
            {"x5t#S256": "A" * 43},
        ),
    ],
)
def test_bindings_that_nobody_checks(server: Server, cnf: object) -> None:
    """A binding that is malformed, or has a member that is not checked here, is refused."""
    token = mint(claims(cnf=cnf))
    assert server.ask(proof(token), token).reason == "proof_required"
    assert server.check(with_token(token)).reason == "proof_required"


def test_used_once(table: ReplayTable) -> None:
    """A proof is good for one request, in this process or another, even if it is for the same URI."""
    first, second = Server(table), Server(table)
    shown = proof(TOKEN)
    assert first.ask(shown).allowed
    for server in (first, second):
        answer = server.ask(shown, headers={"x-request-id": "other"})
        assert (answer.status, answer.reason) == (401, "proof_replayed")
    assert second.ask(proof(TOKEN, jti="2")).allowed


def test_envoy_s_retry_is_no_replay(table: ReplayTable) -> None:
    """The very same CheckRequest again is Envoy's retry, to whichever process, for a moment."""
    first, second = Server(table), Server(table)
    raw = check_request(headers={"authorization": f"DPoP {TOKEN}", "dpop": proof(TOKEN), "x-request-id": "1"})
    assert first.check(raw).allowed
    assert second.check(raw, NOW + 4.9).allowed
    assert second.check(raw, NOW + 5.1).reason == "proof_replayed"


def test_other_signature_over_the_same_proof_is_a_replay(server: Server) -> None:
    """ECDSA makes another signature each time: what counts is the proof's id and key."""
    assert server.ask(proof(TOKEN)).allowed
    assert server.ask(proof(TOKEN)).reason == "proof_replayed"


def test_same_id_of_another_key(server: Server) -> None:
    """Ids are their holder's: nobody can use up another one's."""
    token = mint(claims(cnf=bound_to(STRANGER)))
    assert server.ask(proof(token, STRANGER), token).allowed
    assert server.ask(proof(TOKEN)).allowed


def test_bad_signature_uses_nothing_up(server: Server) -> None:
    """A proof that is refused is not used."""
    assert server.ask(proof(TOKEN, STRANGER, {"jwk": public(HOLDER)})).reason == "proof_invalid"
    assert server.ask(proof(TOKEN)).allowed


@pytest.mark.parametrize("use", [Use.UNKNOWN, None])
def test_without_memory_nobody_is_let_in(table: ReplayTable, use: Use | None) -> None:
    """Where it cannot be noted that a proof was used, it is not good."""

    class Full:
        def use(self, proof: bytes, owner: bytes, check: bytes, until: float, now: float) -> Any:  # noqa: ANN401, ARG002 - the protocol's
            return use

    assert Server(table, replays=Full()).ask(proof(TOKEN)).reason == "overloaded"
    checker = Checker(lambda: trust(issuers=[dpop_issuer()]))
    raw = check_request(headers={"authorization": f"DPoP {TOKEN}", "dpop": proof(TOKEN)})
    assert read_answer(finish(checker.begin(raw, NOW)).response).reason == "proof_required"


@pytest.mark.parametrize(
    ("later", "allowed"), [(-30, True), (-30.5, False), (89, True), (90, False), (90.5, False), (math.nan, False)]
)
def test_window(server: Server, later: float, allowed: bool) -> None:  # noqa: FBT001 - a table
    """A proof is good around its time, clock skew included."""
    assert server.ask(proof(TOKEN, iat=NOW), now=NOW + later).allowed is allowed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda need: replace(need, valid=False), "proof_invalid"),
        (lambda need: replace(need, token_digest=bytes(32)), "internal_error"),
        (lambda need: replace(need, trust_digest=bytes(32)), "internal_error"),
    ],
)
def test_verdict(server: Server, change: Callable[[Any], Any], reason: str) -> None:
    """Only a good verdict on this very proof is believed."""
    assert server.ask(proof(TOKEN, jti="warm")).allowed
    raw = check_request(headers={"authorization": f"DPoP {TOKEN}", "dpop": proof(TOKEN)})
    first = server.checker.begin(raw, NOW)
    assert isinstance(first, Verify)
    second = first.resume(verdict(first), NOW)
    assert isinstance(second, Verify)
    assert second.token_digest != first.token_digest
    ended = second.resume(change(verdict(second)), NOW)
    assert isinstance(ended, Decided)
    assert ended.decision.reason.value == reason


@pytest.mark.parametrize("later", [91.0, 631.0])
def test_time_that_passes_while_the_signature_is_checked(server: Server, later: float) -> None:
    """After the wait both the proof's time and the token's are looked at again."""
    raw = check_request(headers={"authorization": f"DPoP {TOKEN}", "dpop": proof(TOKEN)})
    first = server.checker.begin(raw, NOW)
    assert isinstance(first, Verify)
    second = first.resume(verdict(first), NOW)
    assert isinstance(second, Verify)
    ended = second.resume(verdict(second), NOW + later)
    assert isinstance(ended, Decided)
    assert not read_answer(ended.response).allowed


def test_trust_that_changes_while_the_proof_is_checked(server: Server) -> None:
    """Under another Trust the check begins anew, and the proof was not used."""
    raw = check_request(headers={"authorization": f"DPoP {TOKEN}", "dpop": proof(TOKEN)})
    first = server.checker.begin(raw, NOW)
    assert isinstance(first, Verify)
    second = first.resume(verdict(first), NOW)
    assert isinstance(second, Verify)
    server.trust = trust(issuers=[dpop_issuer()], max_token_bytes=9000)
    step = second.resume(verdict(second), NOW)
    assert isinstance(step, Verify)
    assert read_answer(finish(step).response).allowed
    server.trust = trust()
    assert server.ask(proof(TOKEN, jti="2")).reason == "no_credential"


def test_origins(table: ReplayTable) -> None:
    """Behind something that ends TLS, clients name the origin that is configured, and no other."""
    outside = Dpop(frozenset({Algorithm.ES256}), 60.0, frozenset({"https://shop.example"}))
    server = Server(table, trust(issuers=[dpop_issuer(outside)]))
    assert server.ask(proof(TOKEN, htu="https://shop.example/orders")).allowed
    assert server.ask(proof(TOKEN, jti="2")).reason == "proof_invalid"


@pytest.mark.parametrize(
    ("htu", "request_"),
    [
        ("https://API.example:443/orders?a=b#c", {"path": "/orders?x=y"}),
        ("HTTPS://api.example/orders", {}),
        ("https://api.example./orders", {}),
        ("https://api.example/a%7Eb%2d", {"path": "/a~b-"}),
        ("https://api.example/caf%c3%a9", {"path": "/caf%C3%A9"}),
        ("https://api.example", {"path": "/"}),
        ("https://api.example:8443/orders", {"host": "api.example:8443"}),
        ("https://[2001:db8::1]/orders", {"host": "[2001:DB8:0::1]"}),
    ],
)
def test_spellings_of_a_uri(server: Server, htu: str, request_: dict[str, Any]) -> None:
    """Query and fragment do not matter, nor do spellings that mean the same (RFC 3986, section 6.2)."""
    assert server.ask(proof(TOKEN, htu=htu), **request_).allowed


def test_proof_for_another_token_of_the_same_holder(server: Server) -> None:
    """A proof is for one access token."""
    other = mint(claims(cnf=bound_to(), sub="bob"))
    assert server.ask(proof(TOKEN), other).reason == "proof_invalid"


def test_known_token_takes_one_signature(table: ReplayTable) -> None:
    """A token that was verified before is not verified again; its proof is, each time."""
    with create(1 << 20) as segment:
        server = Server(table, tokens=SharedTokenCache(SharedCache(segment, 7), bytes(32)))
        for number in range(3):
            assert server.ask(proof(TOKEN, jti=str(number))).allowed
    assert server.signatures == 4


def test_cheap_questions_first(table: ReplayTable) -> None:
    """Nothing of a stranger's key is looked into."""

    def never(_jwk: object, _thumbprint: bytes) -> Any:  # noqa: ANN401 - never returns
        raise AssertionError

    server = Server(table, read_key=never)
    assert server.ask(proof(TOKEN, htm="POST")).reason == "proof_invalid"


@given(st.text(max_size=40) | st.binary(max_size=60).map(lambda data: encoded(data) + "." + encoded(data) + ".AA"))
def test_any_text_as_a_proof(text: str) -> None:
    """Any text leads to a denial."""
    with create(1 << 16) as segment:
        assert not Server(ReplayTable(segment, bytes(32))).ask(text.encode("utf-8", "replace").decode()).allowed


@given(st.integers(0, 600), st.sampled_from("AZaz09_-."))
def test_tampering(place: int, letter: str) -> None:
    """A proof of which one character was changed is refused, unless its signature is read the same."""
    good = proof(TOKEN)
    place %= len(good)
    bad = good[:place] + letter + good[place + 1 :]
    if bad == good:
        return
    with create(1 << 16) as segment:
        assert not Server(ReplayTable(segment, bytes(32))).ask(bad).allowed
    header = json.loads(urlsafe_b64decode(good.partition(".")[0] + "=="))
    assert header["typ"] == "dpop+jwt"


def test_proof_for_another_origin_of_ours(table: ReplayTable) -> None:
    """With several origins a proof for one is none for another; where the host that is asked is none, any will do."""
    ours = frozenset({"https://shop.example", "https://api.example"})
    server = Server(table, trust(issuers=[dpop_issuer(Dpop(frozenset({Algorithm.ES256}), 60.0, ours))]))
    assert server.ask(proof(TOKEN, htu="https://shop.example/orders")).reason == "proof_invalid"
    assert server.ask(proof(TOKEN, jti="2")).allowed
    inside = server.ask(proof(TOKEN, jti="3", htu="https://shop.example/orders"), host="pod.internal")
    assert inside.allowed
