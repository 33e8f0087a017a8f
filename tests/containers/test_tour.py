"""The image beside a real Envoy, each in a container of its own, with a folder of sockets between them."""

import re
from collections.abc import Iterator

import pytest

from sidecar.demo.client import send
from sidecar.demo.tour import tour
from support.containers import Boxes, boxes, health
from support.processes import eventually

_PYTHON = ("/opt/authz/bin/python", "-c")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def both() -> Iterator[Boxes]:
    """Run them."""
    with boxes() as found:
        yield found


def test_every_stop_of_the_tour(both: Boxes) -> None:
    """All answers are as without containers."""
    for stop in tour(both.workspace):
        answer = send(both.port, stop.call)
        assert stop.is_as_expected(answer), (stop.name, answer.status, answer.reason, answer.upstream_headers)


def test_docker_sees_that_it_is_healthy(both: Boxes) -> None:
    """The image's own health check asks the probes, where the configuration has them."""
    assert eventually(lambda: health(both.sidecar) == "healthy"), both.sidecar.attrs["State"]["Health"]


def test_commands_are_found(both: Boxes) -> None:
    """By their name alone, as runbooks have them."""
    code, output = both.sidecar.exec_run(["authz-sidecar", "--help"])
    assert (code, b"doctor" in output) == (0, True), output


def test_it_runs_as_nobody_with_nothing(both: Boxes) -> None:
    """Not root, no capability, no new privileges, a root file system that cannot be written to."""
    code, output = both.sidecar.exec_run([*_PYTHON, "print(open('/proc/1/status').read())"])
    status = dict(
        re.findall(
            r"^(\w+):\t(.*)$", b"".join([output] if isinstance(output, bytes) else output).decode("ascii"), re.MULTILINE
        )
    )
    assert code == 0
    assert set(status["Uid"].split()) == {"65532"} == set(status["Gid"].split())
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    code, _ = both.sidecar.exec_run([*_PYTHON, "open('/opt/authz/x', 'w')"])
    assert code != 0
