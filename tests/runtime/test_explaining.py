"""``/explain`` of the administration: as a check, and nothing comes of it."""

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.introspection import Client, Introspection, Reference
from sidecar.core.trust import Trust
from sidecar.http.message import Answer, Rejection
from sidecar.runtime.control.explaining import A_SECOND, AT_ONCE, UNDER_WAY, Explaining
from support.hooks import hook
from support.tokens import NOW, claims, mint
from support.trusts import issuer, policy_set, trust

_POLICIES = [
    {
        "name": "orders",
        "action": "allow",
        "rules": [
            {
                "to": [{"operation": {"paths": ["/orders/*"]}}],
                "when": [
                    {"key": "request.auth.claims[sub]", "values": ["alice"]},
                    {"key": "request.headers[authorization]", "values": ["Bearer *"]},
                ],
            }
        ],
    }
]


class _Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def _explaining(clock: _Clock | None = None, under: Trust | None = None) -> Explaining:
    found = trust(policy=policy_set(_POLICIES)) if under is None else under
    return Explaining(lambda: found, None, lambda: NOW, clock or _Clock())


def _post(explaining: Explaining, asked: object) -> Mapping[str, Any]:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()

    async def ask() -> Answer:
        return await explaining.route().handle(body)

    answer = asyncio.run(ask())
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_hooks_are_named_and_not_asked() -> None:
    """Asking a hook may do something, so nobody does; whoever reads the answer is told which would have been asked."""
    under = replace(trust(policy=policy_set(_POLICIES)), hooks=(hook(name="limits"),))
    found = _post(_explaining(under=under), {"request": {"path": "/orders/1"}, "token": mint()})
    assert (found["decision"], found["hooks_not_asked"]) == ("allow", ["limits"])


def test_good_token() -> None:
    """A good token comes to policy; what was seen is told, and the token is not."""
    token = mint()
    found = _post(_explaining(), {"request": {"path": "/orders/1"}, "token": token})
    assert (found["decision"], found["policy"]) == ("allow", "orders")
    seen = [part["seen"] for part in found["policies"][0]["rules"][0]["parts"][1]["parts"]]
    assert seen == [["alice"], ["Bearer (the token)"]]
    assert token not in json.dumps(found)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "no_credential"),
        (mint(claims(exp=int(NOW) - 60)), "token_expired"),
        (mint(claims(aud="other")), "wrong_audience"),
        (mint()[:-4] + "AAAA", "bad_signature"),
        (mint(kid="key-9"), "unknown_key"),
        ("a.b.c", "token_malformed"),
        ("nothing", "token_malformed"),
    ],
)
def test_token_that_is_not_good(token: str | None, reason: str) -> None:
    """Any other is refused, as in a check, and no policy is looked at."""
    asked = {"request": {"path": "/orders/1"}} | ({} if token is None else {"token": token})
    found = _post(_explaining(), asked)
    assert (found["decision"], found["reason"], found["policies"]) == ("deny", reason, [])


def test_who_policy_denies() -> None:
    """A good token that no policy allows comes with what was looked at."""
    found = _post(_explaining(), {"request": {"path": "/orders/1"}, "token": mint(claims(sub="bob"))})
    assert (found["decision"], found["reason"]) == ("deny", "no_policy_allows")
    assert found["policies"][0]["rules"][0]["holds"] is False


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (b"", "not a JSON object"),
        (b"[]", "not a JSON object"),
        ({}, "request: missing"),
        ({"request": {"path": 1}}, "request.path: string_type"),
        ({"request": {"s3cret": "s3cret"}}, "request.?: extra_forbidden"),
        ({"request": {"headers": {"s3cret": 5}}}, "request.headers.?.?: string_type"),
        ({"request": {}, "token": ""}, "token: string_too_short"),
        ({"request": {"path": "/\ud800"}}, "not a JSON object: a string has a lone surrogate"),
    ],
)
def test_what_is_no_question(asked: object, message: str) -> None:
    """It is refused with the field, and nothing that was sent comes back."""
    with pytest.raises(Rejection) as refused:
        _post(_explaining(), asked)
    answer = refused.value.answer
    assert (answer.status, b"s3cret" in answer.body) == (400, False)
    assert message in answer.body.decode()


def test_opaque_token() -> None:
    """A token that only its issuer knows is not asked about: 422, and no decision."""
    client = Client("client_secret_basic", "sidecar", Reference("file", "secret"))
    asking = issuer([], introspection=Introspection("https://as.example/introspect", client), algorithms=frozenset())
    with pytest.raises(Rejection) as refused:
        _post(_explaining(under=trust(issuers=[asking])), {"request": {"path": "/orders/1"}, "token": "2YotnFZFEjr1"})
    assert (refused.value.answer.status, b"opaque" in refused.value.answer.body) == (422, True)


def test_a_few_a_second() -> None:
    """More than a few are turned away with 429, whatever they ask; then it goes on at its pace."""
    clock = _Clock()
    explaining, asked = _explaining(clock), {"request": {"path": "/orders/1"}}
    for _ in range(int(AT_ONCE)):
        _post(explaining, asked)
    with pytest.raises(Rejection) as refused:
        _post(explaining, b"")
    assert refused.value.answer.status == 429
    clock.at += 1.0
    for _ in range(int(A_SECOND)):
        _post(explaining, asked)
    with pytest.raises(Rejection) as refused:
        _post(explaining, asked)
    assert refused.value.answer.status == 429


def test_few_under_way() -> None:
    """Where explanations take longer than a moment few wait for theirs, at whatever pace others come."""
    clock, trusts = _Clock(), trust(policy=policy_set(_POLICIES))
    may_go_on = threading.Event()

    def slow() -> Trust:
        may_go_on.wait()
        return trusts

    explaining = Explaining(slow, None, lambda: NOW, clock)
    body = json.dumps({"request": {"path": "/orders/1"}}).encode()

    async def ask() -> None:
        waiting = []
        for _ in range(UNDER_WAY):
            clock.at += 1.0
            waiting.append(asyncio.ensure_future(explaining.route().handle(body)))
            await asyncio.sleep(0)
        clock.at += 1.0
        try:
            with pytest.raises(Rejection) as refused:
                await asyncio.wait_for(explaining.route().handle(body), 5)
        finally:
            may_go_on.set()
        assert refused.value.answer.status == 429
        assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
        assert (await explaining.route().handle(body)).status == 200

    asyncio.run(ask())


def test_answer_is_bounded() -> None:
    """What was seen is told up to a length, however many conditions see it; a token in it stays hidden."""
    policies = [
        {"name": f"p{number}", "action": "allow", "rules": [{"when": [{"key": key, "values": ["no"]}]}]}
        for number, key in enumerate(["request.headers[x-large]", "request.auth.claims[groups]"] * 100)
    ]
    token = mint(claims(groups=[str(number) for number in range(200)]))
    headers = {"x-large": f"Bearer {token} {'a' * 1_500}"}
    asked = {"request": {"path": "/orders/1", "headers": headers}, "token": token}
    explaining = _explaining(under=trust(policy=policy_set(policies)))
    found = _post(explaining, asked)
    assert len(json.dumps(found)) < 500_000
    (large,), groups = (one["rules"][0]["parts"][0]["parts"][0]["seen"] for one in found["policies"][:2])
    assert large.startswith("Bearer (the token) aaa")
    assert (groups[:2], groups[-1]) == (["0", "1"], "…")
    assert token[:100] not in json.dumps(found)
