"""Whatever goes wrong on the way is a denial, said once in the log and nothing of it to the client."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.check import Checker
from sidecar.core.needs import Verdict, Verify
from sidecar.engine.engine import Engine, Services
from sidecar.verify.inline import verify_inline
from support.answers import Answer, read_answer
from support.requests import check_request, with_token
from support.tokens import NOW, claims, forge, mint
from support.trusts import trust

_TRUST = trust()
_RAW = with_token(mint())
_SECRET = "secret detail of the failure"


def _check(
    verify: Callable[[Verify], Awaitable[Verdict]] = verify_inline,
    raw: bytes = _RAW,
    timeout: float | None = None,
    clock: Callable[[], float] = lambda: NOW,
) -> Answer:
    engine = Engine(Checker(lambda: _TRUST), Services(verify), clock, lambda: "api")
    return read_answer(asyncio.run(engine.check(raw, timeout)))


def _raising(error: BaseException) -> Callable[[Verify], Awaitable[Verdict]]:
    async def verify(_: Verify) -> Verdict:
        raise error

    return verify


def test_good() -> None:
    """A good token is let in, with its identity."""
    answer = _check()
    assert (answer.allowed, answer.header("x-auth-subject")) == (True, "alice")


def test_bad() -> None:
    """A bad signature is a denial, as it would be for the core alone."""
    token = mint()
    assert _check(raw=with_token(token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))).reason == "bad_signature"


_ERRORS: list[Exception] = [
    RuntimeError(_SECRET),
    ValueError(_SECRET),
    OSError(_SECRET),
    MemoryError(_SECRET),
    RecursionError(_SECRET),
    AssertionError(_SECRET),
    StopAsyncIteration(_SECRET),
    KeyError(_SECRET),
]


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: type(error).__name__)
def test_a_verifier_that_raises(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets a 503 with a correlation id; the log has that id and the traceback, once."""
    answer = _check(_raising(error))
    assert (answer.status, answer.reason) == (503, "internal_error")
    records = [record for record in caplog.records if record.name.startswith("sidecar")]
    assert [record.levelno for record in records] == [logging.ERROR]
    assert answer.json["request_id"] in records[0].getMessage()
    assert records[0].exc_info is not None
    assert _SECRET in "".join(traceback.format_exception(*records[0].exc_info))
    assert _SECRET not in answer.body + repr(answer.headers) + repr(answer.metadata)
    assert "Traceback" not in answer.body


def test_correlation_ids_differ() -> None:
    """Each failure has an id of its own."""
    ids = {_check(_raising(RuntimeError())).json["request_id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(len(one) >= 16 for one in ids)


def test_no_token_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A failure's log record has no part of the token."""
    token = mint()
    _check(_raising(RuntimeError("x")), with_token(token))
    assert not [part for part in token.split(".") if part in caplog.text]


async def _lies(need: Verify) -> Verdict:
    return Verdict(need.token_digest[::-1], need.trust_digest, valid=True)


async def _says_nothing(_: Verify) -> Any:  # noqa: ANN401 - that is the point
    return None


async def _says_yes(_: Verify) -> Any:  # noqa: ANN401 - that is the point
    return True


@pytest.mark.parametrize("verify", [_lies, _says_nothing, _says_yes])
def test_a_verifier_that_answers_something_else(verify: Callable[[Verify], Awaitable[Any]]) -> None:
    """An answer that is no verdict on this token is an internal error."""
    assert _check(verify).reason == "internal_error"


def test_a_clock_that_raises() -> None:
    """Without time nothing is allowed, and nothing is raised."""

    def broken() -> float:
        raise OSError(_SECRET)

    assert _check(clock=broken).reason == "internal_error"


@pytest.mark.parametrize("now", [float("inf"), float("nan"), -1.0])
def test_a_clock_that_is_wrong(now: float) -> None:
    """A clock that says no time of this world lets nobody in."""
    assert not _check(clock=lambda: now).allowed


def test_a_trust_that_raises() -> None:
    """If there is no Trust to look at, the answer is a denial as well."""

    def broken() -> Any:  # noqa: ANN401 - never returns
        raise LookupError(_SECRET)

    engine = Engine(Checker(broken), Services(verify_inline), lambda: NOW, lambda: "api")
    assert read_answer(asyncio.run(engine.check(_RAW))).reason == "internal_error"


async def _cancelled(_: Verify) -> Verdict:
    future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
    future.cancel()
    return await future


def test_a_verifier_whose_own_work_was_cancelled() -> None:
    """Work that was cancelled under a check, as when a pool stops, is a denial: nobody cancelled the check itself.

    As a gRPC error it would let the caller in wherever ``failure_mode_allow`` is set.
    """
    assert _check(_cancelled).reason == "internal_error"


def test_a_check_that_is_cancelled() -> None:
    """A check that its caller gives up ends there and then: no response is made up for nobody."""

    async def give_up() -> None:
        started = asyncio.Event()

        async def verify(_: Verify) -> Verdict:
            started.set()
            await asyncio.Event().wait()
            raise AssertionError

        engine = Engine(Checker(lambda: _TRUST), Services(verify), lambda: NOW, lambda: "api")
        task = asyncio.create_task(engine.check(_RAW))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda junk: check_request()[:-5] + junk))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes get an answer."""
    assert not _check(raw=raw).allowed


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_any_token(token: str, others: dict[str, str]) -> None:
    """Any token gets an answer, and one of ours that carries anything beside its claims is let in."""
    assert not _check(raw=with_token(token)).allowed
    good = forge({"alg": "EdDSA"}, claims(**{f"x-{name}": text for name, text in others.items()}))
    assert _check(raw=with_token(good)).allowed
