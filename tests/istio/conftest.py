"""A configuration folder with a key set of the issuer that tests' tokens are from."""

import json
from pathlib import Path

import pytest

from support.keypairs import pair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with ``jwks.json``."""
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [pair().jwk]}), encoding="utf-8")
    return tmp_path
