"""The log of a process: from checks to records, without holding up the loop, and nothing lost unseen."""

import asyncio
import json
import logging
from typing import Any

import pytest

from sidecar.decision_log import log as log_module
from sidecar.decision_log.complaints import QUIET_SECONDS, Complaints
from sidecar.decision_log.record import record_of
from sidecar.decision_log.watching import Choice
from sidecar.memory.recent import ROOM
from sidecar.observe.log_series import LogOutput, LogResult
from support.decision_logs import Log, an_output, until
from support.requests import check_request


def test_all_are_written() -> None:
    """Whatever is seen comes to every output, in its order, and is counted."""

    async def run() -> None:
        made, outputs = Log(), [an_output(), an_output()]
        made.log.open([(LogOutput.FILE, outputs[0]), (LogOutput.STDOUT, outputs[1])])
        for number in range(300):
            made.see(raw=check_request(path=f"/{number}"))
        await until(lambda: made.counts[LogOutput.FILE, LogResult.WRITTEN] == 300)
        await made.log.close(5)
        for output in outputs:
            assert [one.record["path"] for one in output.records] == [f"/{number}" for number in range(300)]
            assert [json.loads(one.line)["path"] for one in output.records][7] == "/7"
            assert output.closed
        assert made.counts == {(name, LogResult.WRITTEN): 300 for name in (LogOutput.FILE, LogOutput.STDOUT)}

    asyncio.run(run())


def test_the_end_writes_what_waits() -> None:
    """Nothing that was seen is lost at the end, though no turn has come yet."""

    async def run() -> None:
        made, output = Log(), an_output()
        made.log.open([(LogOutput.FILE, output)])
        made.see(500)
        await made.log.close(30)
        assert len(output.records) == made.counts[LogOutput.FILE, LogResult.WRITTEN] == 500

    asyncio.run(run())


def test_the_end_waits_for_nobody_for_long() -> None:
    """An output that hangs keeps nobody from ending; what it has not written is counted."""

    async def run() -> None:
        made, stuck = Log(), an_output(may_go_on=False)
        made.log.open([(LogOutput.STDOUT, stuck)])
        made.see(10)
        await made.log.close(0.2)
        assert made.counts == {(LogOutput.STDOUT, LogResult.FAILED): 10}
        stuck.may_go_on.set()

    asyncio.run(run())


def test_a_loop_is_not_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many that wait a turn takes as many as its time lets it, one at least, and others have theirs between."""
    turn, told_in = 0, list[int]()

    def noted(*given: Any) -> Any:  # noqa: ANN401 - as it is called
        told_in.append(turn)
        return record_of(*given)

    async def run() -> None:
        nonlocal turn
        monkeypatch.setattr(log_module, "TURN_SECONDS", 0.0)
        monkeypatch.setattr(log_module, "record_of", noted)
        made = Log()
        made.log.open([(LogOutput.FILE, an_output())])
        made.see(50)
        while len(told_in) < 50:
            turn += 1
            await asyncio.sleep(0)
        await made.log.close(5)
        assert len(set(told_in)) == 50

    asyncio.run(run())


def test_output_that_is_slow(caplog: pytest.LogCaptureFixture) -> None:
    """What finds no room before it is dropped and counted, said once, and the other output has it all."""

    async def run() -> None:
        made, slow, fast = Log(queue_bytes=100 * 1024), an_output(may_go_on=False), an_output()
        made.log.open([(LogOutput.STDOUT, slow), (LogOutput.FILE, fast)])
        for _ in range(20):
            made.see(20)
            await until(lambda: not made.log._backlog)
        await until(lambda: made.counts[LogOutput.FILE, LogResult.WRITTEN] == 400)
        slow.may_go_on.set()
        await made.log.close(5)
        full, written = (made.counts[LogOutput.STDOUT, one] for one in (LogResult.FULL, LogResult.WRITTEN))
        assert (full + written, len(slow.records)) == (400, written)
        assert 0 < written <= 100 + 20

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert [one.getMessage().partition(";")[0] for one in caplog.records] == [
        "decisions are not logged (stdout, full), since writing is too slow"
    ]


def test_checks_that_come_too_fast(caplog: pytest.LogCaptureFixture) -> None:
    """What finds no room in the backlog is counted for each output; requests are bounded by their bytes."""

    async def run() -> None:
        made, output = Log(queue_bytes=64 * 1024), an_output()
        made.log.open([(LogOutput.FILE, output)])
        made.see(100, check_request(headers={"x-large": "x" * 10_000}))
        await made.log.close(5)
        assert made.counts[LogOutput.FILE, LogResult.FULL] == 94
        assert made.counts[LogOutput.FILE, LogResult.WRITTEN] == len(output.records) == 6

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("error", "why"),
    [(OSError(28, "No space left on device"), "No space left on device"), (ValueError("s3cret"), "ValueError")],
)
def test_output_that_fails(error: Exception, why: str, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be written is counted, and why is said once, but not what a library says of it."""

    async def run() -> None:
        made, output = Log(), an_output(fails=error)
        made.log.open([(LogOutput.FILE, output)])
        for seen in (10, 20, 30):
            made.see(10)
            await until(lambda seen=seen: made.counts[LogOutput.FILE, LogResult.FAILED] == seen)  # type: ignore[misc]
        output.fails = None
        made.see(5)
        await made.log.close(5)
        assert made.counts[LogOutput.FILE, LogResult.WRITTEN] == 5

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert len(caplog.records) == 1
    assert why in caplog.text
    assert "s3cret" not in caplog.text


def test_a_check_that_cannot_be_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It takes no other along, and nothing of it is in the log."""

    def broken(*given: object) -> object:
        found = record_of(*given)  # type: ignore[arg-type]
        if found["path"] == "/s3cret":
            raise ValueError(str(given))
        return found

    async def run() -> None:
        monkeypatch.setattr(log_module, "record_of", broken)
        made, output = Log(), an_output()
        made.log.open([(LogOutput.FILE, output)])
        for path in ("/a", "/s3cret", "/b"):
            made.see(raw=check_request(path=path))
        await made.log.close(5)
        assert [one.record["path"] for one in output.records] == ["/a", "/b"]
        assert made.counts[LogOutput.FILE, LogResult.FAILED] == 1

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    assert "s3cret" not in caplog.text
    assert "ValueError" in caplog.text


def test_denials_of_late_without_a_log() -> None:
    """They are kept where nothing is written anywhere, masked as the log is, and each fits."""

    async def run() -> None:
        made = Log(Choice(recent=True), mask="/path")
        made.log.open([])
        made.see(3, check_request(host="b" * 3000, path="/" + "\u2028" * 4000))
        await until(lambda: len(made.kept) == 3)
        assert all(len(one) <= ROOM and json.loads(one)["path"] == "***" for one in made.kept)
        await made.log.close(1)
        assert made.counts == {}

    asyncio.run(run())


def test_said_once() -> None:
    """What goes on is said once; after a minute without it it is news again."""
    now, said = 0.0, list[str]()
    complaints = Complaints(said.append, lambda: now)
    for _ in range(10):
        complaints.note("a", "a happens")
        now += QUIET_SECONDS * 0.9
    complaints.note("b", "b happens")
    now += QUIET_SECONDS * 2
    complaints.note("a", "a happens again")
    assert said == ["a happens", "b happens", "a happens again"]
