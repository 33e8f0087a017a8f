"""Programs that tests need, and a machine may not have."""

import os
from typing import NoReturn

import pytest


def lacking(text: str) -> NoReturn:
    """Skip the test, saying what is missing; in CI, where all of it must be, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)
