"""A cluster's API server that has our policies, for all tests of a run."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support.api_server import ApiServer, running_api_server
from support.manifests import FOLDER, built
from support.pods import plain_pod
from support.processes import eventually


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    """Return one with ``k8s/injection``, and with a namespace for each way that pods can be treated."""
    programs = os.environ.get("AUTHZ_KUBE")
    if programs is None:
        pytest.skip("no kube-apiserver; make test-apiserver builds one, which takes Go and minutes")
    with running_api_server(Path(programs)) as server:
        for one in sorted(built(FOLDER / "injection"), key=lambda one: one["kind"] != "Namespace"):
            assert server.apply(one).is_success, server.apply(one).text
        for name, labels in _NAMESPACES.items():
            space = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": {**_RESTRICTED, **labels}},
            }
            assert server.apply(space).is_success
        # A policy takes a moment from when it is stored until it is in force.
        assert eventually(
            lambda: len(server.create(plain_pod("injected")).json()["spec"].get("initContainers", ())) == 1
        )
        assert eventually(lambda: not server.create(plain_pod("demanded")).is_success)
        yield server


_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_NAMESPACES: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "injected": {"authz-sidecar/inject": "enabled"},
    "demanded": {"authz-sidecar/enforce": "true"},
    "both": {"authz-sidecar/inject": "enabled", "authz-sidecar/enforce": "true"},
    "excusing": {
        "authz-sidecar/inject": "enabled",
        "authz-sidecar/enforce": "true",
        "authz-sidecar/opt-out": "allowed",
    },
}
