"""Folders of Istio's documents, and what a sidecar makes of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.loading.load import Configuration, load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import Loaded, load_trust

ISTIO = {"folder": "istio", "namespace": "shop", "labels": {"app": "orders"}}
#: The key set that ``conftest`` made stands in place of this.
JWKS = "JWKS"

Files = Mapping[str, str | Sequence[Mapping[str, Any]]]


def policy(name: str, spec: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an AuthorizationPolicy; without ``spec`` it has none."""
    rest = {} if spec is None else {"spec": spec}
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "namespace": "shop", **metadata},
        **rest,
    }


def authentication(name: str, *rules: Mapping[str, Any], **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a RequestAuthentication."""
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"jwtRules": list(rules), **spec},
    }


def configure(folder: Path, files: Files, istio: Mapping[str, Any] = ISTIO, **more: Any) -> Configuration:  # noqa: ANN401
    """Write the files, and read the configuration that names them."""
    (folder / "istio").mkdir(exist_ok=True)
    keys = (folder / "jwks.json").read_text(encoding="utf-8").strip()
    for name, content in files.items():
        if isinstance(content, str):
            text = content.replace(JWKS, keys)
        else:
            text = "\n---\n".join(map(json.dumps, content)).replace(JWKS, json.dumps(keys)[1:-1])
        (folder / "istio" / name).write_text(text, encoding="utf-8")
    config = folder / "authz.yaml"
    config.write_text(json.dumps({"istio": istio, **more}), encoding="utf-8")
    return load_configuration(config, {})


def load(folder: Path, files: Files, istio: Mapping[str, Any] = ISTIO, **more: Any) -> Loaded:  # noqa: ANN401 - JSON
    """Load a configuration with Istio's documents."""
    return load_trust(configure(folder, files, istio, **more))


def problems(folder: Path, files: Files, istio: Mapping[str, Any] = ISTIO, **more: Any) -> list[str]:  # noqa: ANN401
    """Return what is wrong, each with its place from the folder on; nothing, where nothing is."""
    try:
        load(folder, files, istio, **more)
    except ConfigurationError as error:
        return [str(one).replace(f"{folder}/", "") for one in error.problems]
    return []
