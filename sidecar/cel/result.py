"""What a value may be: refused at load where JSON has nothing for its type, or where another one is wanted."""

from typing import Final

from sidecar.cel.tree import Type

_PRIMITIVES: Final[dict[int, type]] = {
    Type.BOOL: bool, Type.INT64: int, Type.UINT64: int, Type.DOUBLE: float, Type.STRING: str,
}  # fmt: skip
_CALLED: Final[dict[type, str]] = {
    str: "a text", bool: "true or false", int: "a whole number", float: "a double", list: "a list", dict: "a map",
}  # fmt: skip
_WRITE: Final[dict[type, str]] = {str: "string(…)", int: "int(…)", float: "double(…)", bool: "a comparison"}
#: What may be anything, told when it is evaluated.
_OPEN: Final = frozenset({"dyn", "type_param"})
_NO_JSON: Final = {
    "abstract_type": "this may be there or not; write .orValue(…) behind it",
    "primitive": "bytes are no text",
    "well_known": "a duration is no JSON; write string(…)",
}


def refused(kind: Type, expected: type | None) -> str:
    """Say why no value of a type fits; the empty text if one may. ``expected``: what it has to be, of JSON's types."""
    if kind.WhichOneof("type_kind") in _OPEN:
        return ""
    if kind.WhichOneof("type_kind") == "null":
        return "this is always null, which is no value"
    problem, found = _no_json(kind), _python(kind)
    if problem or expected is None or found is expected:
        return problem
    advice = f"; write {_WRITE[expected]}" if expected in _WRITE else ""
    return f"this is {_CALLED[found]}, and {_CALLED[expected]} is wanted{advice}"


def _no_json(kind: Type) -> str:
    which = kind.WhichOneof("type_kind")
    if which == "list_type":
        return _no_json(kind.list_type.elem_type)
    if which == "map_type":
        if _python(kind.map_type.key_type) not in {str, object}:
            return "the names of a map's members have to be texts"
        return _no_json(kind.map_type.value_type)
    if which in {*_OPEN, "null"} or kind.primitive in _PRIMITIVES or kind.well_known == kind.TIMESTAMP:
        return ""
    return _NO_JSON.get(which or "", "this has no JSON")


def _python(kind: Type) -> type:
    """Return the type that values have; ``object`` where that cannot be told."""
    match kind.WhichOneof("type_kind"):
        case "primitive":
            return _PRIMITIVES.get(kind.primitive, object)
        case "well_known":
            return str
        case "list_type":
            return list
        case "map_type":
            return dict
    return object
