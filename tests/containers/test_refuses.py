"""What a container of the image says, and how it ends, where it cannot do its work."""

import pytest

from support.containers import IMAGE, exit_code, health, printed, running, serving, workspace
from support.processes import eventually

pytestmark = pytest.mark.timeout(120)


def test_folder_of_sockets_that_cannot_be_written_to() -> None:
    """A read-only volume is named, and the exit code is 3: the system does not let it."""
    with workspace() as of, serving(of, mode="ro") as box:
        assert exit_code(box) == 3
        assert f"cannot listen: unix:{of.folder}/authz" in printed(box)  # whichever server comes first
        assert "Read-only file system" in printed(box)


def test_missing_key_file() -> None:
    """It is named with its place in the configuration, and the exit code is 2."""
    with workspace() as of:
        (of.folder / "jwks.json").unlink()
        with serving(of) as box:
            assert exit_code(box) == 2
            assert "jwks.json" in printed(box)


def test_no_configuration() -> None:
    """The file that was not mounted is named."""
    with workspace() as of, running(IMAGE, folder=of.folder) as box:
        assert exit_code(box) == 2
        assert "/etc/authz/authz.yaml" in printed(box)


def test_nothing_needs_a_shell() -> None:
    """It starts without one, as on a base that has none."""
    with workspace() as of, serving(of, without=("/usr/bin/dash", "/usr/bin/bash")) as box:
        assert eventually(lambda: health(box) == "healthy"), printed(box)
        assert box.exec_run(["/bin/sh", "-c", "true"])[0] != 0
