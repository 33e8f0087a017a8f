"""What every test shares: hypothesis' profile, and how many tests run at once."""

import os

import pytest

from support import profile

profile.load()


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Run one test more at once than there are processors: a third of the time tests wait for processes and clocks."""
    return (os.cpu_count() or 1) + 1
