"""Lines where they go: standard output, and a file that is rotated, shared and full."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log import file as file_module
from sidecar.decision_log.file import AppendedFile
from sidecar.decision_log.line import MOST_BYTES
from sidecar.decision_log.stdout import StandardOutput, chunks
from support.log_lines import told


def numbers_in(path: Path) -> list[int]:
    """Return the numbers in a file, each line of which must be JSON."""
    return [json.loads(line)["n"] for line in path.read_text(encoding="ascii").splitlines()]


@pytest.fixture
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file looked at before each write."""
    monkeypatch.setattr(file_module, "LOOK_SECONDS", 0.0)


def test_file_is_made(tmp_path: Path) -> None:
    """It is for its owner alone, and is appended to."""
    path = tmp_path / "decisions.jsonl"
    for number in (1, 2):
        output = AppendedFile(path)
        assert output.write(told(number, number + 10)) == 2
        output.close()
    assert numbers_in(path) == [1, 11, 2, 12]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("looks_always")
def test_rotation(tmp_path: Path) -> None:
    """A file that was renamed is let go of, and a new one made, or that which took its name."""
    path = tmp_path / "decisions.jsonl"
    output = AppendedFile(path)
    output.write(told(1))
    path.rename(tmp_path / "old.jsonl")
    output.write(told(2))
    path.unlink()
    output.write(told(3))
    (tmp_path / "other.jsonl").write_text("", encoding="ascii")
    (tmp_path / "other.jsonl").rename(path)
    output.write(told(4))
    output.close()
    assert numbers_in(tmp_path / "old.jsonl") == [1]
    assert numbers_in(path) == [4]


@pytest.mark.usefixtures("looks_always")
def test_copied_and_truncated(tmp_path: Path) -> None:
    """A file that was made empty, as by copytruncate, goes on at its beginning."""
    path = tmp_path / "decisions.jsonl"
    output = AppendedFile(path)
    output.write(told(1, 2, 3))
    os.truncate(path, 0)
    output.write(told(4))
    output.close()
    assert numbers_in(path) == [4]


def test_looked_at_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often is written, another file of its name is noticed once a second is over."""
    now = 100.0
    monkeypatch.setattr("sidecar.decision_log.file.time.monotonic", lambda: now)
    path = tmp_path / "decisions.jsonl"
    output = AppendedFile(path)
    output.write(told(1))
    path.rename(tmp_path / "old.jsonl")
    for tenth in range(1, 12):
        now = 100.0 + tenth / 10
        output.write(told(tenth))
    output.close()
    assert numbers_in(tmp_path / "old.jsonl") == [1, *range(1, 10)]
    assert numbers_in(path) == [10, 11]


def test_no_folder(tmp_path: Path) -> None:
    """Without its folder nothing is written, and once it is there it is."""
    output = AppendedFile(tmp_path / "logs" / "decisions.jsonl")
    with pytest.raises(FileNotFoundError):
        output.write(told(1))
    (tmp_path / "logs").mkdir()
    assert output.write(told(2)) == 1
    assert numbers_in(tmp_path / "logs" / "decisions.jsonl") == [2]


_APPEND = """
import sys
from pathlib import Path
from support.log_lines import told
from sidecar.decision_log.file import AppendedFile
output = AppendedFile(Path(sys.argv[1]))
for number in range(300):
    output.write(told(*range(number * 10, number * 10 + 10), size=400))
"""


def test_several_processes(tmp_path: Path) -> None:
    """What several processes append at once is whole lines, those of each in its order."""
    path = tmp_path / "decisions.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", _APPEND, str(path)]
    running = [subprocess.Popen(command, env=environment) for _ in range(3)]  # noqa: S603 - our own interpreter
    assert [one.wait(60) for one in running] == [0, 0, 0]
    found = numbers_in(path)
    assert sorted(found) == sorted([*range(3000)] * 3)


_FILL = """
import resource, signal, sys
from pathlib import Path
from support.log_lines import told
from sidecar.decision_log.file import AppendedFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1050, resource.RLIM_INFINITY))
output = AppendedFile(Path(sys.argv[1]))
print(output.write(told(*range(30), size=100)))
print(output.write(told(50, size=100)))
print(output.write(told(51, size=50)))
try:
    output.write(told(52, size=50))
except OSError as error:
    print(error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(output.write(told(60, size=100)))
"""


def test_no_room(tmp_path: Path) -> None:
    """Where a file cannot grow, what fits is whole lines, and how many is told; once there is room it goes on."""
    path = tmp_path / "decisions.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _FILL, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [*map(int, done.stdout.split())] == [10, 0, 1, errno.EFBIG, 1]
    assert numbers_in(path) == [*range(10), 51, 60]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give both ends of a pipe."""
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        try:
            os.close(fd)
        except OSError:
            assert fd == writer


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(300, 1000))
def test_chunks(sizes: list[int], most: int) -> None:
    """Lines are joined in their order, in chunks of at most so many bytes, and no line is apart."""
    lines = [b"x" * (size - 1) + b"\n" for size in sizes]
    found = list(chunks(lines, most))
    assert b"".join(chunk for chunk, _ in found) == b"".join(lines)
    assert all(len(chunk) <= most and chunk.count(b"\n") == count for chunk, count in found)


def test_writes_into_a_pipe_are_whole(pipe: tuple[int, int]) -> None:
    """Two who write into one pipe never write within each other's lines, though it is full most of the time."""
    reader, writer = pipe
    threads = [
        threading.Thread(target=lambda: StandardOutput(writer).write(told(*range(500), size=900))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    data = b""
    while data.count(b"\n") < 1000:
        data += os.read(reader, 3000)
    for thread in threads:
        thread.join(30)
    found = [json.loads(line)["n"] for line in data.splitlines()]
    assert sorted(found) == sorted([*range(500)] * 2)


def test_pipe_that_does_not_wait(pipe: tuple[int, int]) -> None:
    """Where somebody else has set the pipe so that writing does not wait, it is waited for all the same."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    thread = threading.Thread(target=lambda: StandardOutput(writer).write(told(*range(200), size=1000)))
    thread.start()
    data = b""
    while data.count(b"\n") < 200:
        data += os.read(reader, 4096)
    thread.join(30)
    assert [json.loads(line)["n"] for line in data.splitlines()] == [*range(200)]


def test_pipe_without_a_reader(pipe: tuple[int, int]) -> None:
    """It is an error that is told, and no end of the process."""
    reader, writer = pipe
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        StandardOutput(writer).write(told(1))
    os.dup2(writer, reader)


def test_largest_line_is_taken_as_a_whole() -> None:
    """A pipe of Linux takes as many bytes at once as a line may have."""
    assert select_pipe_buf() >= MOST_BYTES


def select_pipe_buf() -> int:
    """Return PIPE_BUF."""
    import select  # noqa: PLC0415

    return select.PIPE_BUF
