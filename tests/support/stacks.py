"""Running stacks: Envoy, sidecar and upstream, for the end-to-end tests."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION, prepare

#: Seconds for a check. Envoy's 0.2 would fail now and then on a machine that runs two test processes; what the time-out
#: does is shown where a test asks for it.
PATIENT = 20.0


#: The sidecar in several processes, in one, and with either transport.
MODES = {
    "several": {},
    "single": {"AUTHZ_ENABLE_MULTIPROCESSING": "false"},
    "grpcio": {"AUTHZ_TRANSPORT": "grpcio"},
}


@contextmanager
def running_stack(
    configuration: str = CONFIGURATION,
    environment: Mapping[str, str] | None = None,
    before: Callable[[Path], object] = lambda _: None,
    **envoy_options: Any,  # noqa: ANN401 - EnvoyOptions' fields
) -> Iterator[Stack]:
    """Run a stack; its folder has a short name, since a socket's path may have 107 bytes.

    ``before`` is given the folder, to put more files there.
    """
    options = {"timeout_seconds": PATIENT, **envoy_options}
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        before(Path(folder))
        with Stack(prepare(Path(folder), configuration), environment, **options) as stack:
            yield stack
