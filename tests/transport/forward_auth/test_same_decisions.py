"""The same requests, asked by gRPC and through each proxy, are decided alike."""

import asyncio
import logging

import pytest

from sidecar.core.reason import Reason
from sidecar.transport.forward_auth.profile import Proxy
from support.answers import read_answer
from support.forward_auth import PROXIES, connected, engine_of, forward_auth, proxied, serving, written
from support.fronts import run
from support.requests import check_request
from support.tokens import NOW, claims, mint
from support.trusts import policy_set, trust

_TOKENS = [mint(), mint(claims(sub="bob")), mint(claims(exp=NOW - 100)), mint()[:-6] + "AAAAAA", "a.b.c", "", None]
_PATHS = [
    "/orders",
    "/public",
    "/public/x?a=b",
    "/a/../b",
    "//orders",
    "/orders/%2e%2e/x",
    "/o;a",
    "/\xe9",
    "/" + "a" * 9000,
]
_METHODS = ["GET", "POST", "HEAD", "get"]
_HEADERS = [(), (("x-mallory", "1"),), (("authorization", "Bearer more"),), (("x-auth-subject", "root"),)]
_TRUST = trust(
    policy_set(
        [
            {
                "name": "mallory",
                "action": "deny",
                "rules": [{"when": [{"key": "request.headers[x-mallory]", "values": ["*"]}]}],
            },
            {"name": "near", "action": "deny", "rules": [{"from": [{"source": {"ipBlocks": ["198.51.100.0/24"]}}]}]},
            {"name": "all", "action": "allow", "rules": [{"to": [{"operation": {"methods": ["GET", "HEAD"]}}]}]},
        ],
        public=[{"paths": ["/public*"]}],
    )
)


def _requests() -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    return [
        (method, path, ((("authorization", f"Bearer {token}"),) if token is not None else ()) + more)
        for token in _TOKENS
        for path in _PATHS
        for method, more in [(_METHODS[0], more) for more in _HEADERS] + [(one, ()) for one in _METHODS[1:]]
    ]


@pytest.mark.parametrize("proxy", PROXIES)
def test_same_decisions(proxy: Proxy) -> None:
    """Allowed or denied, for the same reason, with the same identity."""
    engine = engine_of(_TRUST)
    peer = "192.0.2.7"

    async def scenario() -> None:
        reasons = set[str]()
        async with serving(forward_auth(proxy, _TRUST)) as server, connected(server) as client:
            for method, path, headers in _requests():
                if proxy == "envoy" and (method in {"HEAD", "get"} or not path.isascii()):
                    continue  # these are in its own request line: an answer without a body, and what is no HTTP
                sent = [(name, value.encode("latin-1")) for name, value in headers]
                shown = path.encode("latin-1").decode("utf-8", "replace")
                target = (":path", path.encode("latin-1"))
                raw = check_request(
                    method=method, path=shown, header_map=[target, *sent], peer="" if proxy == "envoy" else peer
                )
                wanted = read_answer(await engine.check(raw))
                found = await client.ask(
                    written(proxied(proxy, method=method, target=path, headers=headers, peer=peer))
                )
                reasons.add(wanted.reason)
                assert (found.status == 200) is wanted.allowed, (method, path, found)
                if wanted.allowed:
                    for name in ("x-auth-subject", "x-auth-issuer", "x-auth-scopes"):
                        value = wanted.header(name)
                        assert found.headers.get(name) == (None if value is None else [value])
                else:
                    assert found.headers["x-authz-reason"] == [wanted.reason]
        assert reasons >= {"bad_signature", "denied_by_policy", "no_credential", "path_not_normal", "path_too_long"}
        assert ("allowed" in reasons) is (proxy != "envoy"), "Envoy says no address, which a deny policy looks at"

    run(scenario())


@pytest.mark.parametrize("proxy", ["nginx", "traefik"])
def test_what_would_stay_is_denied(proxy: Proxy) -> None:
    """Look-alikes and headers that override are denied, since nobody takes them off."""

    async def scenario() -> None:
        front = forward_auth(proxy)
        good = [("authorization", f"Bearer {mint()}")]
        assert (await front.answer(proxied(proxy, headers=good))).status == 200
        for name in ("x_auth_subject", "x.auth.scopes", "x-http-method-override", "forwarded", "x-original-url"):
            answer = await front.answer(proxied(proxy, headers=[*good, (name, "a")]))
            assert dict(answer.headers)["x-authz-reason"] == Reason.HEADER_NOT_ALLOWED, name
            assert answer.status == (403 if proxy == "nginx" else 400)

    run(scenario())


def test_in_dry_run_what_was_not_asked_is_denied_still() -> None:
    """Nothing that could not be read is let in, in dry run neither; all else is."""
    dry = trust(policy_set([], []))
    object.__setattr__(dry.policy, "dry_run", True)

    async def scenario() -> None:
        front = forward_auth("nginx", dry)
        assert (await front.answer(proxied("nginx"))).status == 200
        call = proxied("nginx")
        assert (await front.answer(call._replace(target=b"/"))).status == 503
        assert front.too_large().status >= 400
        forged = await front.answer(proxied("nginx", headers=[("x.auth.subject", "root")]))
        assert (forged.status, dict(forged.headers)["x-authz-reason"]) == (403, Reason.HEADER_NOT_ALLOWED)

    run(scenario())


def test_an_engine_that_fails_denies(caplog: pytest.LogCaptureFixture) -> None:
    """An answer that is none is a denial."""

    async def scenario() -> None:
        front = forward_auth("traefik")

        async def nonsense() -> bytes:
            await asyncio.sleep(0)
            return b"\xff"

        front._engine.begin = lambda *_: nonsense()  # type: ignore[method-assign]
        with caplog.at_level(logging.CRITICAL):
            assert (await front.answer(proxied("traefik"))).status == 403

    run(scenario())
