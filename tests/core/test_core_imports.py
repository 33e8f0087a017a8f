"""The core needs nothing of ours but itself, and no I/O: seen in a fresh process, not read off the source."""

import subprocess
import sys
from pathlib import Path

import sidecar

_SCRIPT = "import sys, sidecar.core.check; print(*sorted(sys.modules))"


def test_modules() -> None:
    """Importing the core loads no gRPC, asyncio, processes or cryptography, and no other package of ours."""
    root = Path(sidecar.__file__).parents[1]
    # No environment: what measures coverage would start in the process as well.
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _SCRIPT], cwd=root, env={}, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "sidecar.core.check" in loaded
    assert {name for name in loaded if name.startswith("sidecar.") and not name.startswith("sidecar.core")} == set()
    assert not loaded & {"grpc", "asyncio", "multiprocessing", "cryptography", "nacl", "jwt"}
