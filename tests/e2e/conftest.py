"""The whole way of a request, once for each test process and way of listening."""

from collections.abc import Iterator, Mapping

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.stacks import MODES, running_stack


@pytest.fixture(scope="session", params=["unix", "tcp", "single", "grpcio"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack that tests share and leave as it is: on Unix sockets, on TCP, in a single process, and on grpcio."""
    listen = "127.0.0.1:0" if request.param == "tcp" else "{listen}"
    with running_stack(CONFIGURATION.replace("{listen}", listen), MODES.get(request.param, {})) as one:
        yield one


@pytest.fixture(scope="session", params=sorted(MODES))
def mode(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Return the environment of a sidecar in several processes, in one, or on grpcio.

    For the whole session, so that a module may have one stack for each, and pytest runs what is of one mode together.
    """
    return MODES[request.param]
