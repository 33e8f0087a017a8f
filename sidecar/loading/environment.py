"""Environment variables that override single fields: ``AUTHZ_`` and the field's path, joined by ``_``.

``AUTHZ_LISTEN``, ``AUTHZ_LOG_LEVEL``, ``AUTHZ_REQUEST_MAX_TOKEN_BYTES``. Lists and mappings are for the file alone.
Other variables with that prefix are left alone: Kubernetes sets ``AUTHZ_SERVICE_HOST`` and the like by itself.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from ruamel.yaml import YAML

from sidecar.loading.document import NOT_YAML
from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings

PREFIX = "AUTHZ"


def variables(model: type[BaseModel] = Settings, at: FieldPath = ()) -> Iterator[tuple[str, FieldPath]]:
    """Yield each variable's name and the path of the field it overrides."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from variables(kind, (*at, name))
        elif "list" not in str(kind) and "dict" not in str(kind):
            yield "_".join((PREFIX, *(str(part) for part in at), name)).upper(), (*at, name)


def override(values: dict[str, object], environment: Mapping[str, str]) -> dict[FieldPath, str]:
    """Put the variables that are set into ``values``; return which field came from which variable."""
    origins: dict[FieldPath, str] = {}
    for variable, path in variables():
        if variable in environment:
            _put(values, path, _scalar(environment[variable]))
            origins[path] = variable
    return origins


def _put(values: dict[str, object], path: FieldPath, value: object) -> None:
    for part in path[:-1]:
        inner = values.setdefault(str(part), {})
        if not isinstance(inner, dict):
            return  # the file has something else there, and validation will say so
        values = inner
    values[str(path[-1])] = value


def _scalar(text: str) -> object:
    """Read a value as YAML would, so that numbers and booleans come out as in the file."""
    try:
        value: object = YAML(typ="safe", pure=True).load(text)
    except NOT_YAML:
        return text
    if value is None:
        return ""  # a template that was not filled in, or "null": no field takes that
    return value if isinstance(value, bool | int | float) else text
