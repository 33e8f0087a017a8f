"""A real kube-apiserver with its etcd, on free ports of loopback: no controllers; ``support.node`` has a node."""

import json
import os
import secrets
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from support.manifests import Object
from support.ports import free_ports
from support.processes import eventually

_READY_SECONDS = 120


class ApiServer:
    """One that answers, asked as its administrator."""

    def __init__(self, client: httpx.Client, certificate: Path) -> None:
        self._client, self._certificate = client, certificate
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}

    @property
    def version(self) -> str:
        """Return what it says that it is, such as ``v1.37.2``."""
        return str(self._client.get("/version").json()["gitVersion"])

    def kubeconfig(self) -> str:
        """Return a kubeconfig of its administrator's."""
        token = self._client.headers["authorization"].removeprefix("Bearer ")
        cluster = {"server": str(self._client.base_url), "certificate-authority": str(self._certificate)}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "tests", "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": token}}],
                "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
                "current-context": "tests",
            }
        )

    def create(self, document: Object, *, dry_run: bool = True) -> httpx.Response:
        """Create an object; by default everything is looked at, admission too, and nothing is kept."""
        return self._client.post(self._path(document), params=_parameters(dry_run=dry_run), json=document)

    def apply(self, document: Object, *, dry_run: bool = False) -> httpx.Response:
        """Have it apply an object as ``kubectl apply --server-side`` does; an unknown field is an error."""
        return self._client.patch(
            f"{self._path(document)}/{document['metadata']['name']}",
            params={**_parameters(dry_run=dry_run), "fieldManager": "tests", "force": "true"},
            content=json.dumps(document),
            headers={"content-type": "application/apply-patch+yaml"},
        )

    def replace(self, document: Object) -> httpx.Response:
        """Replace an object that is there."""
        path = f"{self._path(document)}/{document['metadata']['name']}"
        return self._client.put(path, params=_parameters(dry_run=False), json=document)

    def read(self, document: Object) -> httpx.Response:
        """Return what has become of an object."""
        return self._client.get(f"{self._path(document)}/{document['metadata']['name']}")

    def delete(self, document: Object, seconds: int | None = 0) -> httpx.Response:
        """Delete an object: at once, within so many seconds, or within as many as it says itself (``None``)."""
        path = f"{self._path(document)}/{document['metadata']['name']}"
        return self._client.delete(path, params={} if seconds is None else {"gracePeriodSeconds": str(seconds)})

    def _path(self, document: Object) -> str:
        version, kind = document["apiVersion"], document["kind"]
        if (version, kind) not in self._paths:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for one in self._client.get(root).raise_for_status().json()["resources"]:
                if "/" not in one["name"]:
                    self._paths[version, one["kind"]] = (one["name"], one["namespaced"])
        name, namespaced = self._paths[version, kind]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        return (
            f"{root}/namespaces/{document['metadata'].get('namespace', 'default')}/{name}"
            if namespaced
            else f"{root}/{name}"
        )


def _parameters(*, dry_run: bool) -> dict[str, str]:
    return {"fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}


@contextmanager
def running_api_server(programs: Path) -> Iterator[ApiServer]:
    """Run one until the context closes, of the programs in that folder (``tests/k8s/kube/build.sh``)."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kube-")))
        store, peer, port = free_ports(3)
        token = secrets.token_hex(16)
        _write(folder, token)
        stack.enter_context(running_program(_etcd(programs, folder, store, peer), folder / "etcd.log"))
        server = stack.enter_context(running_program(_kube(programs, folder, store, port), folder / "kube.log"))
        certificate = folder / "certs/apiserver.crt"
        # It makes its certificate before it listens.
        assert eventually(lambda: certificate.exists() or server.poll() is not None, _READY_SECONDS)
        assert server.poll() is None, (folder / "kube.log").read_text(encoding="utf-8")[-2000:]
        client = stack.enter_context(
            httpx.Client(
                base_url=f"https://127.0.0.1:{port}",
                headers={"authorization": f"Bearer {token}"},
                verify=ssl.create_default_context(cafile=str(certificate)),
                timeout=30,
                # A proxy of this machine's is none for loopback.
                trust_env=False,
            )
        )
        assert eventually(lambda: _is_ready(client), _READY_SECONDS), (folder / "kube.log").read_text()[-2000:]
        yield ApiServer(client, certificate)


def _write(folder: Path, token: str) -> None:
    (folder / "certs").mkdir()
    # Anonymous requests stay off with RBAC, and this is all that it knows of users.
    tokens = os.open(folder / "tokens.csv", os.O_CREAT | os.O_WRONLY, 0o600)
    with os.fdopen(tokens, "w") as file:
        file.write(f'{token},admin,admin,"system:masters"\n')
    subprocess.run(  # noqa: S603 - Debian's own; a key for tokens that nobody will ask for
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(folder / "service.key")],  # noqa: S607
        check=True,
        capture_output=True,
        timeout=60,
    )


def _etcd(programs: Path, folder: Path, store: int, peer: int) -> list[str]:
    clients, peers = f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peer}"
    named = {
        "name": "one",
        "data-dir": folder / "etcd",
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"one={peers}",
    }
    # What it keeps is thrown away.
    return [str(programs / "etcd"), "--unsafe-no-fsync", *(f"--{name}={value}" for name, value in named.items())]


def _kube(programs: Path, folder: Path, store: int, port: int) -> list[str]:
    named = {
        "etcd-servers": f"http://127.0.0.1:{store}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": port,
        "cert-dir": folder / "certs",
        "service-cluster-ip-range": "10.0.0.0/24",
        "endpoint-reconciler-type": "none",
        "service-account-issuer": "https://127.0.0.1/",
        "service-account-key-file": folder / "service.key",
        "service-account-signing-key-file": folder / "service.key",
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "RBAC",
        # Nobody here resolves a node's name.
        "kubelet-preferred-address-types": "InternalIP",
        # It would wait for accounts, which a controller makes.
        "disable-admission-plugins": "ServiceAccount",
    }
    return [str(programs / "kube-apiserver"), *(f"--{name}={value}" for name, value in named.items())]


@contextmanager
def running_program(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the context closes; ``log`` has what it prints."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:  # noqa: S603 - built here
        try:
            yield process
        finally:
            process.kill()


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
