"""Folders that sockets fit into."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Return a folder with a short name: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="rt-") as name:
        yield Path(name)
