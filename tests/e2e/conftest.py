"""The whole way of a request, once for each test process and way of listening."""

from collections.abc import Iterator

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.stacks import running_stack


@pytest.fixture(scope="session", params=["unix", "tcp"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack that tests share and leave as it is, over a Unix socket and over TCP."""
    listen = "{listen}" if request.param == "unix" else "127.0.0.1:0"
    with running_stack(CONFIGURATION.replace("{listen}", listen)) as one:
        yield one
