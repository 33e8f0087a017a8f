"""A configuration folder with a key set in it."""

from pathlib import Path

import pytest

from sidecar.keys.signing import generate, key_set_document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a usable ``jwks.json``."""
    (tmp_path / "jwks.json").write_text(key_set_document([generate("k1")]), encoding="utf-8")
    return tmp_path
