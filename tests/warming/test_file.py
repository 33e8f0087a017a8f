"""Files that are read only where nobody else has had a hand in them, and written as a whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.warming.file import PrivateFileError, read_private, write_private


def test_written_and_read(tmp_path: Path) -> None:
    """What was written is read, mode 0600, in the place of what was there; nothing else is left."""
    file = tmp_path / "snapshot"
    before = os.umask(0)
    try:
        for content in (b"one", b"two" * 1000):
            (tmp_path / ".snapshot.new").write_bytes(b"of one that was killed")
            write_private(file, [content[:2], content[2:]])
            assert read_private(file, 3000) == content
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["snapshot"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o606, 0o610, 0o601])
def test_others(tmp_path: Path, mode: int) -> None:
    """Where others may read, write or run it, it is not read; the text says what to do."""
    file = tmp_path / "snapshot"
    file.write_bytes(b"x")
    file.chmod(mode)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        read_private(file, 10)


def test_other_kinds(tmp_path: Path) -> None:
    """A link, a pipe, a folder, what is too large, and what is not there, are not read; nobody waits for a pipe."""
    (tmp_path / "file").touch(0o600)
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    (tmp_path / "large").touch(0o600)
    (tmp_path / "large").write_bytes(b"x" * 11)
    for name, text in (("pipe", "regular"), ("folder", "regular|directory"), ("large", "at most 10")):
        with pytest.raises(OSError, match=text):
            read_private(tmp_path / name, 10)
    with pytest.raises(OSError, match="symbolic"):
        read_private(tmp_path / "link", 10)
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "nothing", 10)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """Where it cannot be written the old one stays, and nothing is left behind."""
    with pytest.raises(OSError, match="No such file"):
        write_private(tmp_path / "no folder" / "snapshot", [b"x"])
    (tmp_path / "snapshot").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "snapshot", [b"x"])
    assert [one.name for one in tmp_path.iterdir()] == ["snapshot"]


def test_what_is_written_by_halves(tmp_path: Path) -> None:
    """Where its parts come to a bad end the old one stays, and nothing is left behind."""
    write_private(tmp_path / "snapshot", [b"old"])

    def parts() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_private(tmp_path / "snapshot", parts())
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("snapshot", b"old")]
