"""A real Prometheus, started for a test on a free port of loopback, with its data in a folder, and ended with it."""

import json
import math
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.demo.process import Process
from support.ports import free_port
from support.tools import lacking


def tool(name: str) -> str:
    """Return where ``prometheus`` or ``promtool`` is; without it the test is skipped, and fails in CI."""
    found = shutil.which(name)
    if found is None:
        lacking(f"no {name}; on Debian or Ubuntu: apt-get install --no-install-recommends prometheus")
    return found


def promtool(*arguments: str | Path) -> str:
    """Run ``promtool``; return what it printed, and fail with that where it says no."""
    done = subprocess.run(  # noqa: S603 - Debian's own
        [tool("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    port: int
    process: Process

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series that a query has now, each with ``metric`` and ``value``."""
        return self._ask("query", {"query": expr})

    def over(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return the series that a query has over a time, each with ``metric`` and ``values``."""
        return self._ask("query_range", {"query": expr, "start": start, "end": end, "step": step})

    def has(self, expr: str) -> bool:
        """Say whether a query has data: at least one series with a number in it."""
        return any(not math.isnan(float(one["value"][1])) for one in self.query(expr))

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return {one["metric"]["alertname"] for one in self.query('ALERTS{alertstate="firing"}')}

    def is_ready(self) -> bool:
        """Say whether it answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _ask(self, path: str, fields: Mapping[str, object]) -> list[dict[str, Any]]:
        data = urllib.parse.urlencode(fields).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", data, timeout=20) as answer:
                found = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{fields['query']}: {error.read().decode()}") from None
        assert isinstance(found, list)
        return found


@contextmanager
def running_prometheus(
    folder: Path, targets: Sequence[str], rules: str, labels: Mapping[str, str], history: str = ""
) -> Iterator[Prometheus]:
    """Run one until the context closes, that scrapes ``targets`` twice a second, as the job authz-sidecar.

    ``rules`` is a file's text, and ``labels`` are given to all targets. ``history`` is in OpenMetrics' format, with
    times: what was scraped before.
    """
    data, config = folder / "prometheus", folder / "prometheus.json"
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    config.write_text(json.dumps(_configuration(targets, labels)), encoding="utf-8")  # YAML as well
    if history:
        (folder / "history").write_text(history, encoding="utf-8")
        promtool("tsdb", "create-blocks-from", "openmetrics", folder / "history", data)
    port = free_port()
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={data}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with Process(command, folder / "prometheus.log", {"GOMAXPROCS": "1"}) as process:
        server = Prometheus(port, process)
        process.wait_for(server.is_ready, "Prometheus")
        yield server


def _configuration(targets: Sequence[str], labels: Mapping[str, str]) -> dict[str, object]:
    job = {"job_name": "authz-sidecar", "static_configs": [{"targets": list(targets), "labels": dict(labels)}]}
    times = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
    return {"global": times, "rule_files": ["rules.yaml"], "scrape_configs": [job]}
