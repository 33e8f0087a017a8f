"""Tokens that are bound to a key, through the real Envoy to several servers and to one."""

import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.proofs import STRANGER, bound_to, proof
from support.stacks import running_stack

_KEYS = "    keys:\n      file: jwks.json\n"
_BOUND = "    bound_tokens:\n      dpop: {}\n"
_ids = itertools.count()


@pytest.fixture(scope="module")
def stack(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack whose issuer's tokens may be bound."""
    text = CONFIGURATION.replace(_KEYS, _KEYS + _BOUND).replace(
        "  realm: demo", "  realm: demo\n  forward_token: false"
    )
    with running_stack(text, mode) as one:
        yield one


def _proof(stack: Stack, token: str, *holder: Any, **changes: Any) -> str:  # noqa: ANN401
    now: dict[str, Any] = {
        "jti": f"id-{next(_ids)}",
        "iat": int(time.time()),
        "htu": f"http://127.0.0.1:{stack.envoy.port}/orders/1",
    }
    return proof(token, *holder, **now | changes)


def _ask(stack: Stack, token: str, shown: str | None, scheme: str = "DPoP", path: str = "/orders/1") -> Answer:
    headers = [("authorization", f"{scheme} {token}"), *([("dpop", shown)] if shown is not None else [])]
    return send(stack.envoy.port, Call("GET", path, headers))


def test_a_proof_for_each_request(stack: Stack) -> None:
    """With a new proof each time requests pass, query or not; the upstream gets neither token nor proof."""
    token = stack.workspace.token(cnf=bound_to())
    for number in range(6):
        answer = _ask(stack, token, _proof(stack, token), path=f"/orders/1?n={number}")
        assert answer.status == 200, answer
        seen = dict(answer.upstream_headers or ())
        assert seen["x-auth-subject"] == "alice"
        assert not {"authorization", "dpop"} & seen.keys()


def test_replays(stack: Stack) -> None:
    """A proof that comes again is refused by every server, how often it may come."""
    token = stack.workspace.token(cnf=bound_to())
    shown = _proof(stack, token)
    assert _ask(stack, token, shown).status == 200
    assert {_ask(stack, token, shown).reason for _ in range(12)} == {"proof_replayed"}


def test_stolen_token(stack: Stack) -> None:
    """Without the holder's key a token is good for nothing."""
    token = stack.workspace.token(cnf=bound_to())
    assert _ask(stack, token, None).reason == "proof_required"
    assert _ask(stack, token, None, "Bearer").reason == "proof_required"
    assert _ask(stack, token, _proof(stack, token), "Bearer").reason == "proof_required"
    assert _ask(stack, token, _proof(stack, token, STRANGER)).reason == "proof_invalid"
    assert _ask(stack, token, _proof(stack, token, htu="http://127.0.0.1/orders/1")).reason == "proof_invalid"
    assert _ask(stack, token, _proof(stack, token, htm="POST")).reason == "proof_invalid"
    twice = [("authorization", f"DPoP {token}"), ("dpop", _proof(stack, token)), ("dpop", _proof(stack, token))]
    assert send(stack.envoy.port, Call("GET", "/orders/1", twice)).reason == "proof_invalid"


def test_bearer_tokens_go_on(stack: Stack) -> None:
    """Tokens that are not bound are bearer tokens as before."""
    assert _ask(stack, stack.workspace.token(), None, "Bearer").status == 200
