"""A server is killed under load, with Envoy as an example has it. What each loses: benchmarks/plugin_kills.py."""

import pytest

from support.killing import lost
from support.plugins import PLUGINS, running_plugin
from support.stacks import PATIENT


@pytest.mark.parametrize("name", ["istio"])
def test_nothing_is_lost(name: str) -> None:
    """With retries on another server, health checks and an endpoint for each, no request fails."""
    with running_plugin(PLUGINS[name], seconds=PATIENT) as running:
        found = lost(running, 600, 8, ("server-0", "server-1"))
    assert found.away > 0
    assert found.lost == 0
