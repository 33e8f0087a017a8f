"""Outputs that fail or hang hold up no check, and what they lose is counted."""

import asyncio
import json
import logging
import os
import tempfile
from pathlib import Path

import pytest

from sidecar.decision_log.file import AppendedFile
from sidecar.decision_log.stdout import StandardOutput
from sidecar.observe.log_series import LogOutput, LogResult
from support.decision_logs import Log, until


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def test_pipe_that_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    """A pipe that is full holds up its own thread: the loop goes on, the file has all, and every record is counted."""

    async def run(reader: int, writer: int, path: Path) -> None:
        made, seen = Log(queue_bytes=200 * 1024), 0
        made.log.open([(LogOutput.STDOUT, StandardOutput(writer)), (LogOutput.FILE, AppendedFile(path))])
        while not made.counts[LogOutput.STDOUT, LogResult.FULL]:
            made.see(50)
            seen += 50
            await until(lambda seen=seen: made.counts[LogOutput.FILE, LogResult.WRITTEN] == seen)  # type: ignore[misc]
        await made.log.close(0.2)
        assert made.counts[LogOutput.FILE, LogResult.WRITTEN] == seen == _lines(path)
        assert sum(made.counts[LogOutput.STDOUT, one] for one in LogResult) == seen
        # What came through are whole lines, up to where the pipe was full.
        os.set_blocking(reader, False)
        for line in os.read(reader, 1 << 20).splitlines():
            assert json.loads(line)["reason"] == "no_credential"

    with caplog.at_level(logging.WARNING), tempfile.TemporaryDirectory() as folder:
        ends = os.pipe()
        try:
            asyncio.run(run(*ends, Path(folder) / "decisions.jsonl"))
        finally:
            os.close(ends[0])  # which ends the thread that waits
    assert caplog.messages[0].startswith("decisions are not logged (stdout, full), since writing is too slow;")


def test_file_that_cannot_be_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Checks go on, what is lost is counted and said once, and once it can be opened it goes on."""

    async def run() -> None:
        path = tmp_path / "decisions.jsonl"
        path.mkdir()
        made = Log()
        made.log.open([(LogOutput.FILE, AppendedFile(path))])
        for seen in (10, 20, 30):
            made.see(10)
            await until(lambda seen=seen: made.counts[LogOutput.FILE, LogResult.FAILED] == seen)  # type: ignore[misc]
        path.rmdir()
        made.see(5)
        await made.log.close(5)
        assert made.counts[LogOutput.FILE, LogResult.WRITTEN] == _lines(path) == 5

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    (said,) = caplog.records
    assert "Is a directory" in said.getMessage()
