"""Which build this is, for the metrics."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version


def build_facts() -> Mapping[str, str]:
    """Return the versions of the sidecar and of Python.

    Ours is ``unknown`` where nothing is installed, as in a source tree or a zip file: no reason not to run.
    """
    try:
        ours = version("ext-authz-sidecar")
    except PackageNotFoundError:
        ours = "unknown"
    return {"version": ours, "python": platform.python_version()}
