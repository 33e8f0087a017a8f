"""What the administration takes for a file of tokens, or a snapshot."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sidecar.http.message import Rejection
from sidecar.loading.variables import CONFINED_TO
from sidecar.runtime.control.warm_up_api import WarmUpApi


async def _count(tokens: Sequence[str]) -> Mapping[str, int]:
    return {"warmed": len(tokens)}


def _post(path: str, body: bytes) -> str:
    (route,) = (one for one in WarmUpApi(_count, None).routes() if one.path == f"/warm-up/{path}")

    async def ask() -> str:
        return (await route.handle(body)).body.decode()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"file": 7}', b'{"file": "relative"}', b'{"file": "/a", "b": 1}', b'{"file": "/\\u0000"}'],
)
def test_no_file(body: bytes) -> None:
    """Anything but one absolute path is refused."""
    for path in ("tokens", "snapshot"):
        with pytest.raises(Rejection) as refused:
            _post(path, body)
        assert refused.value.answer.status == 400


def test_without_a_key(tmp_path: Path) -> None:
    """Where no snapshot is kept there is none to restore, for want of a key."""
    with pytest.raises(Rejection, match="warm_up is not configured"):
        _post("snapshot", json.dumps({"file": str(tmp_path / "snapshot")}).encode())


def test_tenants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node agent's tenant may name files of its own folder alone, whatever links lead there."""
    own, others = tmp_path / "own", tmp_path / "others"
    for folder in (own, others):
        folder.mkdir()
        (folder / "tokens").touch(0o600)
        (folder / "tokens").write_text("a\n\nb\n", "ascii")
    (own / "link").symlink_to(others)
    assert '"warmed": 2' in _post("tokens", json.dumps({"file": str(others / "tokens")}).encode())
    monkeypatch.setenv(CONFINED_TO, str(own))
    assert '"warmed": 2' in _post("tokens", json.dumps({"file": str(own / "tokens")}).encode())
    for file in (others / "tokens", own / "link" / "tokens", own / ".." / "others" / "tokens"):
        with pytest.raises(Rejection, match="leads out"):
            _post("tokens", json.dumps({"file": str(file)}).encode())
