"""JSON Schemas (draft 2020-12) of the files that people write, out of the models that read them.

For editors: they complete names, show descriptions and mark what is misspelt. What no schema can say, such as fields
that do not go together, ``check-config`` says; what a schema refuses, loading refuses as well.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(model: type[BaseModel], title: str) -> str:
    """Return the schema of a file that ``model`` reads, as it is written to docs/schemas."""
    found = _without_null(model.model_json_schema(by_alias=True))
    assert isinstance(found, dict)  # noqa: S101 - a schema is an object
    return json.dumps({"$schema": _DRAFT, **found, "title": title}, indent=2, ensure_ascii=False) + "\n"


def _without_null(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave ``null`` out: a field may be left out, and not be empty (``settings.base.Model``)."""
    if isinstance(value, list):
        return [_without_null(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("anyOf"), list):
        value = _of_one_kind(value)
    return {name: _without_null(one) for name, one in value.items() if (name, one) != ("default", None)}


def _of_one_kind(schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [one for one in schema["anyOf"] if one != {"type": "null"}]
    rest = {name: one for name, one in schema.items() if name != "anyOf"}
    return {**kinds[0], **rest} if len(kinds) == 1 else {"anyOf": kinds, **rest}
