"""Custom resources held against their projects' schemas, as an API server does that refuses unknown fields.

``kubectl apply --validate=strict`` ends with an unknown field; without, the API server drops it and says so. Here it is
an error. Defaults are filled in first, as the server does. Rules in CEL (``x-kubernetes-validations``) are evaluated by
Google's library, but for those about an object's former state; what it does not know is told (``not_evaluated``), and
a test says which rules these are.
"""

import copy
import json
import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from cel_expr_python import cel
from cel_expr_python.ext import ext_strings
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass

from support.manifests import read

FOLDER = Path(__file__).resolve().parents[1] / "plugins" / "schemas"
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_RULES = "x-kubernetes-validations"


@dataclass
class Verdict:
    """What is wrong with an object, place by place, and which rules nobody could evaluate."""

    problems: list[str] = field(default_factory=list)
    not_evaluated: set[str] = field(default_factory=set)


def kinds() -> frozenset[str]:
    """Return the kinds whose schemas are recorded."""
    return frozenset(path.stem for path in FOLDER.glob("*.json") if path.stem != "provenance")


def looked_at(document: Mapping[str, Any]) -> Verdict:
    """Hold an object against its schema; raises ``KeyError`` for a version that is not recorded."""
    schema = _schema(document["kind"], document["apiVersion"])
    filled = defaulted(schema, dict(document))
    found = Verdict()
    for error in jsonschema.Draft202012Validator(_closed(schema, is_root=True)).iter_errors(filled):
        found.problems.append(f"{'.'.join(map(str, error.absolute_path))}: {error.message}")
    if not found.problems:
        _follow(schema, filled, "", found)
    return found


@cache
def _schema(kind: str, api_version: str) -> Any:  # noqa: ANN401 - any JSON
    recorded = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    group, _, version = api_version.rpartition("/")
    assert recorded["group"] == group
    return recorded["versions"][version]


def defaulted(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value with the schema's defaults for what it leaves out."""
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), one) for one in value]
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    missing = {name: one["default"] for name, one in fields.items() if "default" in one and name not in value}
    rest = schema.get("additionalProperties")
    return {
        name: defaulted(fields.get(name, rest if isinstance(rest, Mapping) else {}), one)
        for name, one in {**value, **copy.deepcopy(missing)}.items()
    }


def _closed(schema: Any, *, is_root: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON Schema that refuses what an API server would drop; oneOf and the like only look at values."""
    found = dict(schema)
    if found.get(_EITHER):
        found.pop("type", None)
        found.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if "properties" in found:
        found["properties"] = {name: _closed(one) for name, one in found["properties"].items()}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = _closed(found["additionalProperties"])
    elif found.get("type") == "object" and not found.get(_KEEPS):
        found.setdefault("additionalProperties", False)
    if isinstance(found.get("items"), dict):
        found["items"] = _closed(found["items"])
    if found.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
    # OpenAPI 3.0 has them as yes or no beside the bound, JSON Schema in its place.
    for bound, beyond in (("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")):
        if found.pop(beyond, False) is True:
            found[beyond] = found.pop(bound)
    if is_root:
        # The API server's own to look at.
        known = {"apiVersion": {}, "kind": {}, "metadata": {"type": "object", "required": ["name"]}}
        found["properties"] = found["properties"] | known
        found["required"] = [*{*found.get("required", ()), "apiVersion", "kind", "metadata"}]
    return found


def _follow(schema: Mapping[str, Any], value: Any, where: str, found: Verdict) -> None:  # noqa: ANN401 - any JSON
    for rule in schema.get(_RULES, ()):
        _rule(rule, value, where, found)
    if isinstance(value, list):
        for at, one in enumerate(value):
            _follow(schema.get("items", {}), one, f"{where}[{at}]", found)
    elif isinstance(value, dict):
        rest = schema.get("additionalProperties")
        for name, one in value.items():
            below = schema.get("properties", {}).get(name, rest if isinstance(rest, Mapping) else {})
            _follow(below, one, f"{where}.{name}", found)


def _rule(rule: Mapping[str, Any], value: Any, where: str, found: Verdict) -> None:  # noqa: ANN401 - any JSON
    source = rule["rule"]
    if "oldSelf" in source:
        return
    try:
        compiled = _compiled(source)
    except Exception:  # noqa: BLE001 - the library has one for everything
        found.not_evaluated.add(source)
        return
    # An error is a refusal, as the API server has it.
    if compiled.eval(data={"self": value}).value() is not True:
        found.problems.append(f"{where}: {rule.get('message', source)}")


@cache
def _compiled(source: str) -> cel.Expression:
    return _environment().compile(source)


@cache
def _environment() -> cel.Env:
    return cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=[ext_strings.ExtStrings()])


def read_mesh(document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a message of a pool of its own
    """Return Istio's mesh configuration as its message; raises ``ParseError`` for what that does not know."""
    return ParseDict(dict(document), GetMessageClass(_mesh().FindMessageTypeByName("istio.mesh.v1alpha1.MeshConfig"))())


@cache
def _mesh() -> DescriptorPool:
    pool = DescriptorPool()
    packed = lzma.decompress((FOLDER / "MeshConfig.binpb.xz").read_bytes())
    for file in FileDescriptorSet.FromString(packed).file:
        pool.Add(file)
    return pool


def mesh_problem(document: Mapping[str, Any]) -> str:
    """Return what is wrong with a mesh configuration; nothing where it is as it should be."""
    try:
        read_mesh(document)
    except ParseError as error:
        return str(error)
    return ""


def documents(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Return the custom resources below a folder whose schemas are recorded, with their files."""
    for file in sorted(folder.rglob("*.yaml")):
        for one in read(file):
            if isinstance(one, dict) and one.get("kind") in kinds():
                yield file, one
