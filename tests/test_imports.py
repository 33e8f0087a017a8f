"""What is loaded when a module is imported: what import-linter, which reads source, cannot see."""

import os
import subprocess
import sys

import pytest


def loaded_by(module: str) -> set[str]:
    """Return the names of all modules in a fresh interpreter that has imported ``module``."""
    program = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        # Measured for coverage, the interpreter would load coverage first, and all that it imports.
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("sidecar", {"grpc", "asyncio", "google.protobuf", "pydantic", "sidecar.core"}),
        (
            "sidecar.library.authenticator",
            {"grpc", "envoy_data_plane", "jinja2", "redis", "cel_expr_python", "opentelemetry"},
        ),
        (
            "sidecar.library.verifier",
            {"grpc", "asyncio", "aiohttp", "numpy", "pydantic", "google.protobuf", "sidecar.engine"},
        ),
        ("sidecar.hooks", {"asyncio", "google.protobuf", "logging", "pydantic", "sidecar.core", "sidecar.hooking"}),
        (
            "sidecar.core.check",
            {"grpc", "asyncio", "multiprocessing", "socket", "nacl", "cryptography", "pydantic", "envoy"},
        ),
        ("sidecar.engine.engine", {"grpc", "nacl", "cryptography", "pydantic"}),
        ("sidecar.cel", {"grpc", "asyncio", "multiprocessing", "socket", "pydantic", "envoy"}),
        ("sidecar.memory.cache", {"grpc", "asyncio", "multiprocessing", "pickle", "pydantic", "sidecar.core"}),
        ("sidecar.memory.scoreboard", {"grpc", "asyncio", "pickle", "pydantic", "sidecar.core"}),
        ("sidecar.observe.health", {"grpc", "asyncio", "pickle", "pydantic", "aiohttp", "prometheus_client"}),
        ("sidecar.status.pages", {"grpc", "aiohttp", "jinja2", "rich", "sidecar.replay.decide"}),
        ("sidecar.top.screen", {"grpc", "asyncio", "aiohttp", "jinja2", "sidecar.runtime"}),
        ("sidecar.settings.http", {"grpc", "asyncio", "aiohttp"}),
        ("sidecar.placement.plan", {"grpc", "asyncio", "multiprocessing", "logging", "pydantic", "sidecar.core"}),
        ("sidecar.tracing.context", {"asyncio", "google.protobuf", "logging", "sidecar.core", "opentelemetry"}),
        ("sidecar.tracing.tracing", {"grpc", "opentelemetry", "requests"}),
        ("sidecar.loading.load", {"grpc", "opentelemetry"}),
        ("sidecar.verify.inline", {"grpc", "asyncio", "pydantic"}),
        ("sidecar.cli.main", {"grpc", "asyncio", "google.protobuf", "pydantic", "cryptography"}),
        ("sidecar.cli.token", {"grpc", "envoy_data_plane"}),
        ("sidecar.cli.serve", {"grpc", "asyncio", "aiohttp", "envoy_data_plane", "rich", "hypothesis"}),
        (
            "sidecar.cli.agent",
            {"grpc", "asyncio", "cryptography", "pydantic", "ruamel", "sidecar.core", "sidecar.settings"},
        ),
        ("sidecar.runtime.agent.tenant", {"grpc", "asyncio", "aiohttp", "envoy_data_plane", "rich"}),
        ("sidecar.runtime.agent.desk", {"grpc", "pydantic", "ruamel", "sidecar.core", "sidecar.settings"}),
        ("sidecar.runtime.control.control", {"grpc", "envoy_data_plane", "redis", "rich", "jinja2", "cel_expr_python"}),
        ("sidecar.runtime.serving.server", {"grpc", "aiohttp", "numpy", "redis", "cel_expr_python", "opentelemetry"}),
        ("sidecar.runtime.serving.checks", {"sidecar.decision_log.log", "sidecar.decision_log.record"}),
        ("sidecar.runtime.serving.verifier", {"grpc", "aiohttp", "numpy", "pydantic", "google.protobuf"}),
        ("sidecar.runtime.supervision.supervisor", {"grpc", "asyncio", "aiohttp", "google.protobuf", "envoy"}),
    ],
)
def test_import_stays_within_its_layer(module: str, never: set[str]) -> None:
    """Importing a module loads nothing of the layers above it, and nothing heavy that it does not need."""
    loaded = loaded_by(module)
    assert module in loaded
    assert loaded & never == set()
