"""Checks without an end, in global dry run: they pass as nobody's where the request can be read, else are denied."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.core.reason import Reason
from sidecar.core.trust import AssertionSettings, Trust
from sidecar.engine.engine import Engine, OverloadError, Services
from sidecar.observe.checks import labels_of
from sidecar.verify.inline import verify_inline
from support.answers import Answer, read_answer
from support.requests import check_request, with_token
from support.tokens import NOW, mint
from support.trusts import trust

_Verify = Callable[[Verify], Awaitable[Verdict]]
_HEADERS = {"x-auth-subject": "forged", "x_auth_issuer": "forged"}


def _dry(**response: Any) -> Trust:  # noqa: ANN401 - response settings
    enforced = trust(**response)
    return replace(enforced, policy=replace(enforced.policy, dry_run=True))


def _check(verify: _Verify, raw: bytes, timeout: float | None = None, in_force: Trust | None = None) -> Answer:
    chosen, seen = in_force or _dry(), list[Decided]()
    services = Services(verify)
    engine = Engine(Checker(lambda: chosen), services, lambda: NOW, lambda: "api", lambda one, *_: seen.append(one))
    answer = read_answer(asyncio.run(engine.check(raw, timeout)))
    assert [labels_of(one)[1] for one in seen] == [answer.metadata.get("dry_run", {}).get("reason", answer.reason)]
    return answer


async def _never(_: Verify) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


async def _overloaded(_: Verify) -> Verdict:
    raise OverloadError


async def _broken(_: Verify) -> Verdict:
    raise RuntimeError


@pytest.mark.parametrize(
    ("verify", "timeout", "reason"),
    [
        (_never, 0.0, "deadline_exceeded"),
        (_never, 0.001, "deadline_exceeded"),
        (_overloaded, None, "overloaded"),
        (_broken, None, "internal_error"),
    ],
)
def test_passes_as_nobody(verify: _Verify, timeout: float | None, reason: str) -> None:
    """Whatever a token may be worth that nobody looked at."""
    answer = _check(verify, with_token(mint(), headers=_HEADERS), timeout)
    assert (answer.allowed, answer.reason, answer.metadata["dry_run"]["reason"]) == (True, "dry_run", reason)
    assert answer.header("x-auth-subject") is None
    assert {"x-auth-subject", "x_auth_issuer"} <= set(answer.removed)


@pytest.mark.parametrize("raw", [b"", b"\xff\xff"])
def test_what_nobody_can_read(raw: bytes) -> None:
    """Is denied when its time is over as well."""
    assert _check(verify_inline, raw, 0.0).reason == "deadline_exceeded"
    assert _check(verify_inline, raw).reason == "unreadable_request"


def test_too_large() -> None:
    """What the front did not take was not read."""
    engine = Engine(Checker(_dry), Services(verify_inline), lambda: NOW, lambda: "api")
    answer = read_answer(engine.too_large())
    assert (answer.allowed, answer.reason) == (False, "request_too_large")


def test_caller_that_may_not_ask() -> None:
    """Nothing is enforced for those who may ask; of anybody else's request nothing is read."""
    engine = Engine(Checker(_dry), Services(verify_inline), lambda: NOW, lambda: "api")
    answer = read_answer(engine.not_for_caller())
    assert (answer.allowed, answer.status, answer.reason) == (False, 503, "caller_not_allowed")


def test_a_fault_in_the_very_core(caplog: pytest.LogCaptureFixture) -> None:
    """Where the request cannot be let pass either, it is denied, and the caller sees an answer."""
    in_force = [_dry()]
    engine = Engine(Checker(lambda: in_force[0]), Services(verify_inline), lambda: NOW, lambda: "api")
    in_force[0] = None  # type: ignore[call-overload]  # as a bug would
    answer = read_answer(asyncio.run(engine.check(with_token(mint()))))
    assert (answer.allowed, answer.reason) == (False, "internal_error")
    assert "could not be let pass in dry run" in caplog.text


def test_nobody_signs() -> None:
    """Without an assertion no identity goes upstream, and the request passes."""
    assertion = AssertionSettings("https://us.example", "x-assertion", ("a",), (), 60, "jwt", False, ())  # noqa: FBT003
    names = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes", "x-assertion")
    in_force = _dry(assertion=assertion, stripped_headers=names)
    answer = _check(verify_inline, with_token(mint()), None, in_force)
    assert answer.metadata["dry_run"]["reason"] == Reason.ASSERTION_UNAVAILABLE
    assert answer.headers == ()
    assert set(names) <= set(answer.removed)


def test_what_would_be_allowed() -> None:
    """Is as it always is."""
    assert _check(verify_inline, with_token(mint())).reason == "allowed"
    assert _check(verify_inline, check_request()).metadata["dry_run"] == {"decision": "deny", "reason": "no_credential"}
