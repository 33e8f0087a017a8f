"""Record what ``k8s/plugins`` and ``docs/migrating`` are held against, out of others' Go modules, trimmed.

``make crds``, from the root of the repository; it takes Go, and grpcio-tools for Istio's mesh configuration. All of the
modules are under the Apache License, version 2.0. What they were is written beside them (``provenance.json``).
"""

import json
import lzma
import tempfile
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from ruamel.yaml import YAML

from crds.modules import Module, fetched
from crds.trimmed import cut, without_texts
from crds.wanted import MESH, SOURCES, Source

FOLDER = Path("tests/plugins/schemas")


def main() -> None:
    """Write all of it."""
    provenance = []
    for source in SOURCES:
        module = fetched(source.module, source.version)
        kinds = [kind for name, wanted in source.files.items() for kind in _record(module, name, wanted, source)]
        said = {"module": module.path, "version": module.version, "go.sum": module.sum, "sha256": module.sha256}
        with_mesh = [MESH[0]] if source.module == "istio.io/api" else []
        if with_mesh:
            _record_mesh(module)
        provenance.append({**said, "licence": "Apache-2.0", "files": [*source.files, *with_mesh], "kinds": kinds})
    (FOLDER / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")


def _record(module: Module, name: str, wanted: tuple[str, ...], source: Source) -> list[str]:
    found = []
    for document in YAML(typ="safe").load_all(module.read(name)):
        if not document or document.get("kind") != "CustomResourceDefinition":
            continue
        spec = document["spec"]
        kind = spec["names"]["kind"]
        if kind not in wanted:
            continue
        versions = {one["name"]: without_texts(one["schema"]["openAPIV3Schema"]) for one in spec["versions"]}
        for schema in versions.values():
            cut(schema, source.only.get(kind, {}))
        unlike = {name: schema for name, schema in versions.items() if name in _looked_at(kind)}
        packed = json.dumps({"group": spec["group"], "kind": kind, "versions": unlike}, separators=(",", ":"))
        (FOLDER / f"{kind}.json").write_text(packed + "\n", encoding="utf-8")
        found.append(kind)
    missing = set(wanted) - set(found)
    if missing:
        raise SystemExit(f"{module.path}: {name} has no {', '.join(sorted(missing))}")
    return found


def _looked_at(kind: str) -> set[str]:
    """Return the versions of a kind that our examples are written in."""
    used = set()
    files = [file for folder in ("k8s/plugins", "docs/migrating") for file in Path(folder).rglob("*.yaml")]
    for file in files:
        for one in YAML(typ="safe").load_all(file):
            if isinstance(one, dict) and one.get("kind") == kind and "apiVersion" in one:
                used.add(one["apiVersion"].rpartition("/")[2])
    return used


def _record_mesh(module: Module) -> None:
    """Record the message of Istio's mesh configuration, and all files that its file needs."""
    # Installed by whoever records, and by nobody else.
    protoc = import_module("grpc_tools.protoc")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path in _protos(module):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(module.read(path))
        out = root / "out.binpb"
        includes = [f"-I{root}", f"-I{root}/common-protos", f"-I{files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *includes, "--include_imports", f"--descriptor_set_out={out}", MESH[0]]):
            raise SystemExit("protoc refused Istio's mesh configuration")
        read = FileDescriptorSet.FromString(out.read_bytes())
    packed = lzma.compress(read.SerializeToString(deterministic=True), preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / "MeshConfig.binpb.xz").write_bytes(packed)


def _protos(module: Module) -> list[str]:
    import zipfile  # noqa: PLC0415 - for whoever records

    prefix = f"{module.path}@{module.version}/"
    with zipfile.ZipFile(module.archive) as opened:
        return [one.removeprefix(prefix) for one in opened.namelist() if one.endswith(".proto")]


if __name__ == "__main__":
    main()
