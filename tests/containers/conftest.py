"""Tests of the image are skipped where there is none: ``make test-containers`` makes it and requires them."""

import pytest

from support.containers import IMAGE, PEERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say why tests of this folder are skipped."""
    if IMAGE and PEERS:
        return
    for item in items:
        if "/containers/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="no image of the sidecar: make test-containers (needs Docker)"))
