"""Whatever arrives, a check comes to a decision with a response that Envoy can read, and says the same thing twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.needs import Decided, Step
from sidecar.core.path import PathMode
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.trust import Trust
from support.answers import read_answer
from support.checks import begin, finish
from support.decisions import admit_without_identity, evaluate
from support.identities import identity
from support.requests import check_request, request
from support.tokens import claims, forge, mint, part
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_NAMES = st.sampled_from(["authorization", "x-request-id", "x_auth_subject", "origin", "access-control-request-method"])
_CREDENTIALS = (
    _TEXT
    | st.builds(lambda text: f"Bearer {text}", _TEXT)
    | st.just(f"Bearer {mint()}")
    | st.builds(
        lambda a, b: "Bearer " + (part(a) + b"." + part(b) + b"." + part(bytes(64))).decode(), st.binary(), st.binary()
    )
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_CLAIM_NAMES = st.sampled_from(["sub", "aud", "exp", "nbf", "iat", "jti", "iss", "scope", "scp", "email", "azp", "a"])

_WITH_ORIGIN = {"key": "request.headers[origin]", "values": ["*"]}
_POLICIES: list[dict[str, Any]] = [
    {"name": "no", "action": "deny", "rules": [{"to": [{"operation": {"paths": ["/no*", "*é"], "notHosts": ["a*"]}}]}]},
    {
        "name": "a",
        "action": "allow",
        "scopes": ["a"],
        "rules": [{"when": [{"key": "request.headers[origin]", "values": ["*"]}]}],
    },
    *ALLOW_ALL,
]
_SETS = policy_set(_POLICIES, [{"paths": ["/public*"]}], [{"methods": ["OPTIONS"]}])
_TRUSTS = [
    trust(
        _SETS,
        [issuer(max_lifetime=1000.0)],
        mode,
        metadata_claims=("*",),
        claim_headers=((("email",), "x-email"), (("a", "b"), "x-b")),
        forward_token=False,
    )
    for mode in PathMode
]


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    raw = draw(
        st.none()
        | st.lists(st.tuples(_NAMES | _TEXT, st.binary(max_size=8) | _CREDENTIALS.map(str.encode)), max_size=5)
    )
    return check_request(
        method=draw(st.sampled_from(["GET", "OPTIONS"]) | _TEXT),
        path=draw(
            _TEXT | st.builds(lambda text: "/" + text, _TEXT) | st.sampled_from(["/a", "/public", "/%C3%A9", "/no"])
        ),
        host=draw(_TEXT | st.sampled_from(["a:1", "[::1]", "u@h:"])),
        headers=draw(st.dictionaries(_NAMES | _TEXT, _CREDENTIALS, max_size=5)),
        header_map=raw,
        port=draw(st.integers(0, 2**32 - 1)),
    )


def _conclude(step: Step) -> Decided:
    decided = finish(step)
    answer = read_answer(decided.response)
    assert answer.reason == decided.decision.reason.value
    assert answer.status == OUTCOMES[decided.decision.reason].status
    return decided


@given(st.binary(max_size=200), st.sampled_from(_TRUSTS))
def test_any_bytes(raw: bytes, under: Trust) -> None:
    """Any bytes come to a decision."""
    _conclude(begin(raw, under))


@given(_requests(), st.sampled_from(_TRUSTS))
def test_any_request(raw: bytes, under: Trust) -> None:
    """Any CheckRequest comes to a decision, the same one each time."""
    assert _conclude(begin(raw, under)) == _conclude(begin(raw, under))


@given(_requests(), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damaged_requests(raw: bytes, place: int, junk: bytes) -> None:
    """A CheckRequest that was damaged on the way comes to a decision."""
    _conclude(begin(raw[:place] + junk + raw[place + 1 :], _TRUSTS[0]))


@given(st.dictionaries(_CLAIM_NAMES, _JSON, max_size=4))
def test_any_claims(changes: dict[str, Any]) -> None:
    """A well signed token with any claims comes to a decision."""
    token = forge({"alg": "EdDSA", "kid": "key-1"}, claims() | changes)
    _conclude(begin(check_request(headers={"authorization": f"Bearer {token}"}), _TRUSTS[0]))


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "b64", "typ", "jwk", "x"]), _JSON | st.just("EdDSA"), max_size=4
    )
)
def test_any_header(header: dict[str, Any]) -> None:
    """A token with any header comes to a decision."""
    token = forge(header, claims())
    _conclude(begin(check_request(headers={"authorization": f"Bearer {token}"}), _TRUSTS[0]))


@pytest.mark.parametrize("mode", PathMode)
@given(st.data())
def test_policy_never_raises(mode: PathMode, data: st.DataObject) -> None:
    """Policy has an answer for any request and any claims."""
    try:
        asked = request(
            mode, path="/" + data.draw(_TEXT), headers=data.draw(st.dictionaries(_NAMES, _TEXT, max_size=3))
        )
    except Refusal:
        return
    who = identity(**data.draw(st.dictionaries(st.sampled_from(["azp", "a", "b"]), _JSON, max_size=3)))
    assert evaluate(_SETS, asked, who).reason in OUTCOMES
    admit_without_identity(_SETS, asked)
