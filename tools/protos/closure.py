"""Which files, and which messages of them, some messages are made of."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool

Named: TypeAlias = Descriptor | EnumDescriptor
#: What the installed protobuf has itself.
WELL_KNOWN = "google/protobuf/"


def closure(pool: DescriptorPool, roots: Iterable[str]) -> list[Named]:
    """Return the types outside of all others that ``roots``, full names, are made of, sorted by name."""
    found: dict[str, Named] = {}
    left: list[Named] = [_outermost(pool.FindMessageTypeByName(root)) for root in roots]
    while left:
        one = left.pop()
        if one.full_name not in found:
            found[one.full_name] = one
            left += types_in(one)
    return sorted(found.values(), key=lambda one: one.full_name)


def types_in(one: Named) -> Iterator[Named]:
    """Yield the types outside of all others that a type names."""
    if not isinstance(one, Descriptor):
        return
    for field in one.fields:
        named = field.message_type or field.enum_type
        if named is not None:
            yield _outermost(named)
    for inner in one.nested_types:
        yield from types_in(inner)


def files_of(types: Iterable[Named]) -> list[FileDescriptorProto]:
    """Return the files with these types, and services of nothing else, each behind those that it needs.

    protobuf's own are left out.
    """
    by_file: dict[str, list[Named]] = {}
    for one in types:
        by_file.setdefault(one.file.name, []).append(one)
    done: dict[str, FileDescriptorProto] = {}

    def add(name: str) -> None:
        if name in done or name.startswith(WELL_KNOWN):
            return
        needed = sorted({other.file.name for one in by_file[name] for other in types_in(one)} - {name})
        for other in needed:
            add(other)
        done[name] = _bare(by_file[name][0].file, {one.name for one in by_file[name]}, needed)

    for name in sorted(by_file):
        add(name)
    return list(done.values())


def _outermost(one: Named) -> Named:
    return one if one.containing_type is None else _outermost(one.containing_type)


def _bare(file: FileDescriptor, kept: set[str], needed: Iterable[str]) -> FileDescriptorProto:
    """Return a file with some of its types, and without what means nothing on the wire: options and comments."""
    whole = FileDescriptorProto.FromString(file.serialized_pb)
    if whole.syntax != "proto3":
        raise NotImplementedError(f"{whole.name}: with editions, options do mean something on the wire")
    bare = FileDescriptorProto(name=whole.name, package=whole.package, syntax=whole.syntax, dependency=needed)
    bare.message_type.extend(_without_options(one) for one in whole.message_type if one.name in kept)
    bare.enum_type.extend(_enum(one) for one in whole.enum_type if one.name in kept)
    own = {f".{whole.package}.{name}" for name in kept}
    for service in whole.service:
        if {name for one in service.method for name in (one.input_type, one.output_type)} <= own:
            bare.service.add(name=service.name).method.extend(_method(one) for one in service.method)
    return bare


def _method(method: MethodDescriptorProto) -> MethodDescriptorProto:
    method.ClearField("options")
    return method


def _without_options(message: DescriptorProto) -> DescriptorProto:
    is_map = message.options.map_entry
    message.ClearField("options")
    message.ClearField("extension")
    if is_map:
        message.options.map_entry = True
    for field in message.field:
        is_packed = field.options.packed if field.options.HasField("packed") else None
        field.ClearField("options")
        if is_packed is not None:
            field.options.packed = is_packed
    for oneof in message.oneof_decl:
        oneof.ClearField("options")
    for inner in message.nested_type:
        _without_options(inner)
    for enum in message.enum_type:
        _enum(enum)
    return message


def _enum(enum: EnumDescriptorProto) -> EnumDescriptorProto:
    has_aliases = enum.options.allow_alias
    enum.ClearField("options")
    if has_aliases:
        enum.options.allow_alias = True
    for value in enum.value:
        value.ClearField("options")
    return enum
