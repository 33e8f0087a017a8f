"""Which tests CI may run once more."""

import json
from pathlib import Path

import pytest
from gates.once_more import failed_only


def _cache(folder: Path, ended: int, failed: int) -> Path:
    (folder / "authz").mkdir()
    (folder / "cache").mkdir()
    (folder / "authz/ended").write_text(json.dumps(ended), encoding="utf-8")
    (folder / "cache/lastfailed").write_text(json.dumps({f"test_{n}": True for n in range(failed)}), encoding="utf-8")
    return folder


def test_a_few_failed(tmp_path: Path) -> None:
    """Up to three tests that failed, in a run of all of them, are named."""
    assert failed_only(_cache(tmp_path, 1, 3)) == ["test_0", "test_1", "test_2"]


@pytest.mark.parametrize(("ended", "failed"), [(1, 4), (1, 0), (2, 1), (3, 1), (5, 1)])
def test_never_where_something_else_is_wrong(ended: int, failed: int, tmp_path: Path) -> None:
    """Neither where many failed, nor where the run was broken off: a second one would leave tests unseen."""
    assert failed_only(_cache(tmp_path, ended, failed)) == []


def test_never_where_nothing_is_known(tmp_path: Path) -> None:
    """Where the run did not come to its end, nothing is named."""
    assert failed_only(tmp_path) == []
