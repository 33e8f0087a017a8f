"""Compiled effects as data: values that JSON has."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from sidecar.core.effects.model import Effects
from sidecar.core.strict_json import Json

_MEMBERS = ("allowed", "denied", "unauthenticated", "unauthorized", "origins")


def dump_effects(effects: Effects) -> dict[str, Json]:
    """Return all that is there; an expression is ``{cel: …}``, as it is written."""
    found = {name: getattr(effects, name) for name in _MEMBERS}
    return {name: _plain(value) for name, value in found.items() if value}


def _plain(value: object) -> Json:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if hasattr(value, "text") and callable(value):
        return {"cel": str(value.text)}
    assert is_dataclass(value)  # noqa: S101 - nothing else is in it
    found = {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
    return {name: _plain(one) for name, one in found.items() if one not in (None, ())}
