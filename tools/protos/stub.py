"""The types of recorded messages, as mypy reads them: a class each, with the fields' numbers as comments."""

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.internal.well_known_types import WKTBASES

_IMPORTS = """\
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from google.protobuf.internal import well_known_types
from google.protobuf.internal.containers import (
    MessageMap, RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer, ScalarMap,
)
from google.protobuf.message import Message
"""
_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_ENUM: "int",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
}


def stub(messages: Sequence[Descriptor]) -> str:
    """Return the text of a stub for these messages, unformatted."""
    lines = [_IMPORTS]
    for one in messages:
        lines += _message(one)
    return "\n".join(lines) + "\n"


def _message(one: Descriptor) -> Iterator[str]:
    # Of a class that others have too, this is another one: what is made by those is not taken in its place.
    more = f", well_known_types.{one.name}" if one.full_name in WKTBASES else ""
    yield f"class {one.name}(Message{more}):"
    yield from _indented(_members(one))


def _members(one: Descriptor) -> Iterator[str]:
    for enum in one.enum_types:
        yield from _enum(enum)
    for inner in one.nested_types:
        if not inner.GetOptions().map_entry:
            yield from _message(inner)
    for field in one.fields:
        if field.message_type is None and not field.is_repeated:
            yield f"{field.name}: {_scalar(field)}  # {field.number}"
        else:  # may be changed, and not be set
            yield "@property"
            yield f"def {field.name}(self) -> {_held(field)}: ...  # {field.number}"
    taken = "".join(f", {field.name}: {_given(field)} | None = ..." for field in one.fields)
    yield f"def __init__(self{', *' if taken else ''}{taken}) -> None: ..."
    optional = [field.name for field in one.fields if field.has_presence]
    if optional:
        yield f"def HasField(self, field_name: {_literal(optional)}) -> bool: ..."
    yield from _oneofs(one)


def _oneofs(one: Descriptor) -> Iterator[str]:
    """Type ``WhichOneof`` where there is one to ask for; where there are several, any of their fields may come."""
    oneofs = [oneof for oneof in one.oneofs if not oneof.name.startswith("_")]
    if oneofs:
        fields = [field.name for oneof in oneofs for field in oneof.fields]
        names = _literal(oneof.name for oneof in oneofs)
        yield f"def WhichOneof(self, oneof_group: {names}) -> {_literal(fields)} | None: ..."


def _enum(one: EnumDescriptor) -> Iterator[str]:
    values = [f"{value.name}: ClassVar[int]  # {value.number}" for value in one.values]
    yield f"class {one.name}:"
    yield from _indented(values)
    yield from values


def _held(field: FieldDescriptor) -> str:
    if _is_map(field):
        key, value = _entry(field)
        kind = "ScalarMap" if value.message_type is None else "MessageMap"
        return f"{kind}[{_scalar(key)}, {_type(value)}]"
    if field.is_repeated:
        kind = "RepeatedScalarFieldContainer" if field.message_type is None else "RepeatedCompositeFieldContainer"
        return f"{kind}[{_type(field)}]"
    return _type(field)


def _given(field: FieldDescriptor) -> str:
    if _is_map(field):
        key, value = _entry(field)
        return f"Mapping[{_scalar(key)}, {_type(value)}]"
    return f"Iterable[{_type(field)}]" if field.is_repeated else _type(field)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _entry(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    assert field.message_type is not None  # noqa: S101 - for types: a map is a list of messages
    key, value = field.message_type.fields
    return key, value


def _type(field: FieldDescriptor) -> str:
    message = field.message_type
    return _scalar(field) if message is None else message.full_name.removeprefix(message.file.package + ".")


def _scalar(field: FieldDescriptor) -> str:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "bytes" if field.type == FieldDescriptor.TYPE_BYTES else "str"
    return _SCALARS[field.cpp_type]


def _literal(names: Iterable[str]) -> str:
    quoted = (f'"{name}"' for name in names)
    return f"Literal[{', '.join(quoted)}]"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)
