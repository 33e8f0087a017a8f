"""Hypothesis' profiles: ``default`` for every run, ``thorough`` (``HYPOTHESIS_PROFILE=thorough``) for a long one.

There is no deadline, since no test may depend on how fast a machine is, and no database, since a run leaves nothing
behind in the tree: a failure prints the example that reproduces it.
"""

import os

from hypothesis import HealthCheck, settings


def load() -> None:
    """Register the profiles and load the one that the environment names."""
    quick = settings(
        max_examples=200, deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.register_profile("default", quick)
    settings.register_profile("thorough", quick, max_examples=5000)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
