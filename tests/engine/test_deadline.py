"""The caller's deadline: what is not done by then is a denial, never a gRPC error."""

import asyncio
from itertools import cycle

import pytest

from sidecar.core.check import Checker
from sidecar.core.needs import Verdict, Verify
from sidecar.engine.engine import Engine, Services
from sidecar.verify.inline import verify_inline
from support.answers import Answer, read_answer
from support.requests import check_request, with_token
from support.tokens import NOW, mint
from support.trusts import policy_set, trust


async def _never(_: Verify) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


async def _late(need: Verify) -> Verdict:
    await asyncio.sleep(0)
    return await verify_inline(need)


def _engine(verify: object) -> Engine:
    services = Services(verify)  # type: ignore[arg-type]
    return Engine(
        Checker(lambda: trust(policy_set(public=[{"paths": ["/public"]}]))), services, lambda: NOW, lambda: "api"
    )


def _check(verify: object, timeout: float | None, raw: bytes | None = None) -> Answer:
    return read_answer(asyncio.run(_engine(verify).check(raw or with_token(mint()), timeout)))


@pytest.mark.parametrize("timeout", [0.0, -1.0, 1e-9])
def test_exceeded(timeout: float, caplog: pytest.LogCaptureFixture) -> None:
    """A verifier that does not answer in time makes a 503 for the deadline, which is not logged as an error."""
    answer = _check(_never, timeout)
    assert (answer.status, answer.reason) == (503, "deadline_exceeded")
    assert [record for record in caplog.records if record.name.startswith("sidecar")] == []


def test_no_deadline() -> None:
    """Without a deadline the check waits for as long as it takes."""
    assert _check(_late, None).reason == "no_policy_allows"


def test_enough_time() -> None:
    """With time enough the deadline changes nothing."""
    assert _check(_late, 3600.0).reason == "no_policy_allows"


def test_nothing_is_begun_after_the_deadline() -> None:
    """A check whose deadline has passed is denied, also where it would need nothing."""
    assert _check(_never, 0.0, check_request(path="/public")).reason == "deadline_exceeded"
    assert _check(_never, 3600.0, check_request(path="/public")).reason == "public_path"


def test_a_timeout_of_the_verifier_is_not_the_callers() -> None:
    """A ``TimeoutError`` that a verifier raises by itself is its failure, not a deadline that nobody gave."""

    async def verify(_: Verify) -> Verdict:
        raise TimeoutError

    assert _check(verify, None).reason == "internal_error"


def test_beginning_anew_has_an_end() -> None:
    """A check that would begin anew under a new Trust for ever ends as a failure of ours."""
    trusts = cycle((trust(), trust(max_token_bytes=9000)))
    engine = Engine(Checker(lambda: next(trusts)), Services(verify_inline), lambda: NOW, lambda: "api")
    answer = read_answer(asyncio.run(engine.check(with_token(mint()))))
    assert answer.reason == "internal_error"


def test_one_slow_check_does_not_hold_up_another() -> None:
    """Checks run side by side: one that waits for its verifier lets others finish."""

    async def both() -> tuple[bytes, bytes]:
        entered, release = asyncio.Event(), asyncio.Event()

        async def verify(need: Verify) -> Verdict:
            if not entered.is_set():
                entered.set()
                await release.wait()
            return await verify_inline(need)

        engine = _engine(verify)
        slow = asyncio.create_task(engine.check(with_token(mint())))
        await entered.wait()
        quick = await engine.check(with_token(mint()))
        assert not slow.done()
        release.set()
        return quick, await slow

    quick, slow = asyncio.run(both())
    assert (read_answer(quick).reason, read_answer(slow).reason) == ("no_policy_allows", "no_policy_allows")
