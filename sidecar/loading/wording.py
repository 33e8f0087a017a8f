"""Pydantic's errors in the product's words: what was found, what is allowed."""

import difflib
import re
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings

#: Characters of a found value that are shown.
_SHOWN = 60
#: Name and password in a URL (RFC 3986, section 3.2.1).
_USER = re.compile(r"//[^/@\s]*@")


def explain(error: ErrorDetails, model: type[BaseModel] = Settings) -> str:
    """Return one line for an error in what was validated as ``model``."""
    match error["type"]:
        case "missing":
            return "is missing; it is required"
        case "extra_forbidden":
            return _unknown_field(error["loc"], model)
        case "enum" | "literal_error":
            return f"found {shown(error['input'])}; allowed: {error['ctx']['expected']}"
        case "value_error":
            return str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"found {shown(error['input'])}; allowed: text of the form {error['ctx']['pattern']}"
        case _:
            return f"found {shown(error['input'])}; {_lower_first(error['msg'])}"


def shown(value: object) -> str:
    """Return a value as it is shown in a message: quoted, without a URL's password, and cut where it is long."""
    if value is None:
        return "nothing"
    text = _USER.sub("//***@", repr(value))
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _lower_first(text: str) -> str:
    return (text[:1].lower() + text[1:]).replace("input should be", "allowed:")


def _unknown_field(path: FieldPath, model: type[BaseModel]) -> str:
    names = _field_names(path[:-1], model)
    near = difflib.get_close_matches(str(path[-1]), names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"is no field here{hint}; allowed: {', '.join(names)}"


def _field_names(path: FieldPath, model: type[BaseModel]) -> list[str]:
    for part in path:
        if isinstance(part, str):
            field = next(field for name, field in model.model_fields.items() if part in (name, field.alias))
            model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if get_origin(annotation) in (list, Union, UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
