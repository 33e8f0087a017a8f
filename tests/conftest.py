"""What every test shares: hypothesis' profile, and how many tests run at once."""

import os

import pytest

from support import profile

profile.load()


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Run one test more at once than there are processors: a third of the time tests wait for processes and clocks."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep how it ended, for `.ci/run`: tests that failed may be run once more, whatever else ended it may not."""
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        cache.set("authz/ended", int(exitstatus))
