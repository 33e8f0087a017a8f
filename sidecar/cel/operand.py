"""What the functions of ``direct`` are given: parts of an expression as functions of the values that it reads."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from sidecar.cel.tree import Type

#: What is asked about (``found``) to what a part comes to. What it raises is an error of CEL's.
Run: TypeAlias = Callable[[Any], Any]

TEXT, INT, BOOL, TIME, TEXTS, MAP, ANY, OTHER = "text", "int", "bool", "time", "texts", "map", "any", "other"
_PRIMITIVES: Final = {Type.STRING: TEXT, Type.INT64: INT, Type.BOOL: BOOL}
NOT_WRITTEN: Final = object()


class NotDirectError(Exception):
    """The library has to be asked."""


class Operand(NamedTuple):
    """One part; ``kind`` is its type in CEL, and ``written`` its value if it is written out."""

    run: Run
    kind: str
    written: Any = NOT_WRITTEN

    def is_one_of(self, *kinds: str) -> bool:
        """Say whether its type is one of these."""
        return self.kind in kinds


def kind_of(kind: Type) -> str:
    """Return the kind that values of a type have."""
    which = kind.WhichOneof("type_kind")
    if which == "primitive":
        return _PRIMITIVES.get(kind.primitive, OTHER)
    if which == "list_type":
        return TEXTS if kind.list_type.elem_type.primitive == kind.STRING else OTHER
    if which == "map_type":
        return MAP if kind.map_type.key_type.primitive == kind.STRING else OTHER
    if which == "well_known":
        return TIME if kind.well_known == kind.TIMESTAMP else OTHER
    return ANY if which == "dyn" else OTHER


def require(condition: object) -> None:
    """Raise ``NotDirectError`` unless ``condition`` holds."""
    if not condition:
        raise NotDirectError
