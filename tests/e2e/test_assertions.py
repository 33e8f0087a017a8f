"""The upstream gets a token of ours about each identity, and nobody else can make it take another one."""

from collections.abc import Iterator, Mapping

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from sidecar.demo.workspace import ISSUER as PROVIDER
from support.asserting import ASSERTION, HEADER, first_key, verified
from support.processes import eventually
from support.sidecars import Sidecar
from support.stacks import running_stack

CONFIG = CONFIGURATION.replace("listen: false", 'listen: "127.0.0.1:0"') + ASSERTION
FORGED = ((HEADER, "e30.e30.e30"), ("X-Auth-Assertion", "e30.e30.e30"))


@pytest.fixture(scope="module")
def asserting(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack whose sidecar asserts identities, in several processes, in one, and on grpcio."""
    with running_stack(CONFIG, mode, first_key, unprotected_paths=("/health",)) as stack:
        assert eventually(Sidecar(stack.workspace, stack.sidecar).is_ready), stack.sidecar.printed()
        yield stack


def _assertions(answer: Answer) -> list[str]:
    assert answer.upstream_headers is not None, answer
    return [value for name, value in answer.upstream_headers if name.replace("_", "-") == HEADER]


def _ask(stack: Stack, path: str, token: str | None, *more: tuple[str, str]) -> Answer:
    credential = () if token is None else (("authorization", f"Bearer {token}"),)
    return send(stack.envoy.port, Call("GET", path, (*credential, *more)))


def test_upstream_can_verify_it(asserting: Stack) -> None:
    """What the upstream gets PyJWT verifies with the key set of the probe listener: issuer, audience, times, claims."""
    (assertion,) = _assertions(_ask(asserting, "/orders/1", asserting.workspace.token()))
    status, document = Sidecar(asserting.workspace, asserting.sidecar).get("/.well-known/jwks.json")
    assert status == 200
    assert '"d"' not in document
    claims = verified(assertion, document)
    assert claims["sub"] == f"{PROVIDER}/alice"
    assert (claims["scope"], claims["tenant"]) == ("orders:read", "acme")
    assert claims["exp"] - claims["iat"] == 10


def test_identity_that_ends_sooner(asserting: Stack) -> None:
    """An assertion never outlives the identity it speaks for, the clock skew included."""
    token = asserting.workspace.token(exp=1)
    assert _ask(asserting, "/orders/1", token).reason == "token_expired"


def test_client_cannot_bring_its_own(asserting: Stack) -> None:
    """A header of that name is replaced on a protected path, and removed where nobody is identified."""
    (assertion,) = _assertions(_ask(asserting, "/orders/1", asserting.workspace.token(), *FORGED))
    assert assertion != "e30.e30.e30"
    for path in ("/public/a", "/health"):
        for token in (None, asserting.workspace.token()):
            assert _assertions(_ask(asserting, path, token, *FORGED)) == []


@pytest.mark.parametrize("name", ["x_auth_assertion", "x.auth.assertion", "x-auth_assertion"])
def test_lookalikes_do_not_arrive(asserting: Stack, name: str) -> None:
    """What an upstream might read as that header is refused or removed."""
    answer = _ask(asserting, "/orders/1", asserting.workspace.token(), (name, "e30.e30.e30"))
    assert answer.status == 400 or "e30.e30.e30" not in str(answer.upstream_headers)


def test_denials_have_none(asserting: Stack) -> None:
    """Who is denied is not asserted to anybody."""
    answer = _ask(asserting, "/orders/1", asserting.workspace.token(tenant="suspended"))
    assert answer.reason == "denied_by_policy"
    assert HEADER not in answer.headers
