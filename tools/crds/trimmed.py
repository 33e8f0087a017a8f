"""What of a CustomResourceDefinition's schema says what is valid: neither texts for people, nor what was cut off."""

from collections.abc import Mapping
from typing import Any

_FOR_PEOPLE = frozenset({"description", "externalDocs", "title", "example"})
#: Below these stand names of fields, which may be called like a text for people.
_NAMES = "properties"


def without_texts(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema without what is for people."""
    if isinstance(schema, list):
        return [without_texts(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {field: without_texts(one) for field, one in value.items()} if name == _NAMES else without_texts(value)
        for name, value in schema.items()
        if name not in _FOR_PEOPLE
    }


def cut(schema: Any, only: Mapping[str, tuple[str, ...]]) -> None:  # noqa: ANN401 - any JSON
    """Keep, below each path, the fields that are named, and no others; what was required of others is not any more."""
    for path, names in only.items():
        at = schema
        for name in path.split("."):
            at = at["properties"][name]
        at["properties"] = {name: at["properties"][name] for name in names}
        if "required" in at:
            at["required"] = [name for name in at["required"] if name in names]
