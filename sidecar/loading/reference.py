"""The reference of all configuration fields, as Markdown: ``docs/configuration.md`` is its output (a test)."""

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sidecar.loading.environment import variables
from sidecar.settings import Settings

_HEAD = """\
# Configuration

One YAML file. `authz-sidecar check-config FILE` tells every problem in it with file, line and field. Numbers are
numbers (`"30"` is refused), durations are seconds, sizes are bytes. A field that is not listed here is refused.

Fields marked with a variable can be overridden by it. This page is made from the code: `make docs`.

| field | type | default | |
| --- | --- | --- | --- |
"""


def reference() -> str:
    """Return the page."""
    environment = {".".join(map(str, path)): name for name, path in variables()}
    rows = (_row(path, field, environment.get(path)) for path, field in _fields(Settings, ""))
    return _HEAD + "\n".join(rows) + "\n"


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path, field
        for inner, suffix in _models(field.annotation, ""):
            yield from _fields(inner, f"{path}{suffix}.")


def _models(annotation: Any, suffix: str) -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
    for member in get_args(annotation):
        yield from _models(member, "[]" if get_origin(annotation) is list else suffix)


def _row(path: str, field: FieldInfo, variable: str | None) -> str:
    text = field.description or _model_text(field.annotation)
    text += f" `{variable}`" if variable else ""
    return f"| `{path}` | {_type(field.annotation)} | {_default(field)} | {text.replace('|', chr(92) + '|')} |"


def _model_text(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    found = next(iter(_models(annotation, "")), None)
    return (found[0].__doc__ or "").partition("\n")[0] if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    if field.default is PydanticUndefined or field.default is None:
        return ""
    default = field.default
    if isinstance(default, list):
        return f"`{[str(item) for item in default]}`" if default else ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _type(annotation: Any) -> str:  # noqa: ANN401, PLR0911 - any annotation, one line a kind
    origin, members = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return ", ".join(_type(member) for member in members if member is not type(None))
    if origin is list:
        return f"list of {_type(members[0])}"
    if origin is dict:
        return "mapping"
    if origin is Literal:
        return ", ".join(f"`{member}`" for member in members)
    if origin is not None:
        return _type(members[0])
    if issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    names = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return names.get(annotation, "mapping")
