"""Which build this is."""

import platform
from importlib import metadata

import pytest

from sidecar.observe.build import build_facts


def test_installed() -> None:
    """The installed package's version is told, and Python's."""
    assert build_facts() == {"version": metadata.version("ext-authz-sidecar"), "python": platform.python_version()}


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of a source tree, without any metadata, the version is unknown, and nothing fails."""
    monkeypatch.setattr("sys.path", [])
    assert build_facts() == {"version": "unknown", "python": platform.python_version()}
