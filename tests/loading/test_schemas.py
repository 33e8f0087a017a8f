"""The JSON Schemas in docs/schemas: those of the code, complete, and never stricter than loading."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from sidecar.cli.schema import schema_of
from sidecar.demo.workspace import CONFIGURATION
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError

ROOT = Path(__file__).parents[2]
NAMES = ("configuration", "policies", "cases")


def _read(text: str) -> Any:  # noqa: ANN401 - a document
    return YAML(typ="safe").load(text)


def _blocks() -> Iterator[tuple[str, Any]]:
    """Yield the documents in YAML blocks of all pages."""
    for page in sorted({ROOT / "README.md", *(ROOT / "docs").glob("*.md")}):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            yield f"{page.name}-{number}", _read(block)


def _examples() -> Iterator[tuple[str, str, Any]]:
    yield "configuration", "demo", _read(CONFIGURATION.replace("{listen}", "unix:/a"))
    for path in (ROOT / "tests/e2e/bypass").glob("*.yaml"):
        if path.stem in {"allow", "deny"}:
            yield "configuration", path.stem, _read(path.read_text(encoding="utf-8").replace("{listen}", "unix:/a"))
    for path in sorted((ROOT / "tests/corpus/policy").glob("*.yaml")):
        yield "cases", path.stem, _read(path.read_text(encoding="utf-8"))
    for name, document in _blocks():
        if isinstance(document, dict) and "issuers" in document:
            yield "configuration", name, document
        elif isinstance(document, dict) and document and set(document) <= {"policies", "public", "cors_preflight"}:
            yield "policies", name, document
        elif isinstance(document, dict) and "cases" in document:
            yield "cases", name, document


EXAMPLES = list(_examples())


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / f"docs/schemas/{name}.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_the_code_s(name: str) -> None:
    """docs/schemas is what the settings say of themselves (renew it with make docs), and valid as a schema."""
    text = (ROOT / f"docs/schemas/{name}.schema.json").read_text(encoding="utf-8")
    assert text == schema_of(name)
    Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_described(name: str) -> None:
    """Each object, and each field that is none, has a title and a description."""
    schema = _validator(name).schema
    for model in (schema, *schema["$defs"].values()):
        assert model.keys() >= {"title", "description"} or "enum" in model, model["title"]
        for field, member in model.get("properties", {}).items():
            assert "$ref" in member or member.keys() >= {"title", "description"}, field


def test_there_are_examples_of_each() -> None:
    """What follows looks at many."""
    assert {name: sum(kind == name for kind, _, _ in EXAMPLES) >= 3 for name in NAMES} == dict.fromkeys(NAMES, True)


@pytest.mark.parametrize(
    ("name", "document"), [(name, one) for name, _, one in EXAMPLES], ids=[n for _, n, _ in EXAMPLES]
)
def test_examples_are_valid(name: str, document: Any) -> None:  # noqa: ANN401 - a document
    """Every example there is, of the pages and of the tests, is valid; with a name misspelt anywhere, none is."""
    validator = _validator(name)
    assert [error.message for error in validator.iter_errors(document)] == []
    for misspelt in _misspelt(document):
        assert not validator.is_valid(misspelt)


def _misspelt(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the document with a name in it that is none: at its root, and in each policy and rule."""
    yield {**document, "nmae": 1}
    for place, policy in enumerate(document.get("policies", ())):
        changed = copy.deepcopy(document)
        changed["policies"][place]["nmae"] = 1
        yield changed
        for number in range(len(policy["rules"])):
            changed = copy.deepcopy(document)
            changed["policies"][place]["rules"][number]["nmae"] = 1
            yield changed


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("probe: {listen: false}", True),
        ("probe: {listen: true}", False),
        ("response: {identity_headers: {subject: false}}", True),
        ("response: {identity_headers: {subject: X_Y}}", False),
        ("shared_memory_size: 64MiB", True),
        ("shared_memory_size: 67108864", True),
        ("policies: [{name: a, action: deny, rules: [{to: [{operation: {ports: [8443, '80']}}]}]}]", True),
        ("policies: [{name: a, action: deny, rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}]", True),
        ("policies: [{name: a, action: deny, rules: [{from: [{source: {ip_blocks: [10.0.0.0/8]}}]}]}]", False),
        ("policies: [{name: a, action: block, rules: [{}]}]", False),
        ("policies: [{name: a, action: deny, rules: }]", False),
        ("policies: [{name: a, action: deny, rules: []}]", False),
        ("servers: '2'", False),
        ("servers: 0", False),
        ("cache:", False),
    ],
)
def test_as_loading(tmp_path: Path, text: str, is_valid: bool) -> None:  # noqa: FBT001 - a table's column
    """Forms that a field may have, and that it may not: the schema says what loading says."""
    whole = (
        f"issuers: [{{issuer: https://idp.example, audiences: [a], keys: {{url: https://idp.example/k}}}}]\n{text}\n"
    )
    config = tmp_path / "authz.yaml"
    config.write_text(whole, encoding="utf-8")
    try:
        load_configuration(config, {})
        loads = True
    except ConfigurationError:
        loads = False
    assert (_validator("configuration").is_valid(_read(whole)), loads) == (is_valid, is_valid)
