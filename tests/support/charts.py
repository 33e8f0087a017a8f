"""What Helm makes of ``k8s/chart``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from support.manifests import FOLDER, Object

CHART = FOLDER / "chart"


def helm(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm; skips where there is none."""
    program = shutil.which("helm", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("no helm; make test-k8s builds one, which takes Go")
    return subprocess.run(  # noqa: S603 - it was built for this
        [program, *arguments], env=os.environ | (env or {}), check=False, capture_output=True, text=True, timeout=120
    )


def rendered(*arguments: str, namespace: str = "authz-system", version: str = "1.37.0") -> Sequence[Object]:
    """Return the objects of a release."""
    done = helm("template", "one", str(CHART), "--namespace", namespace, "--kube-version", version, *arguments)
    assert done.returncode == 0, done.stderr
    return [one for one in YAML(typ="safe").load_all(done.stdout) if one is not None]
