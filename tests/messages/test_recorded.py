"""Messages of recorded descriptors: as Envoy's API has them, and nobody else's."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import envoy_data_plane.envoy.service.auth.v3 as others
import pytest
from google.protobuf import struct_pb2, wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from protos.closure import closure, files_of
from protos.stub import stub
from protos.wanted import CEL_EXPR, EXT_AUTHZ
from sidecar.core.sent import read_sent
from sidecar.protos import cel_expr, ext_authz
from sidecar.protos.ext_authz import CheckRequest, CheckResponse, HeaderValueOption, Struct, Value
from support.requests import check_request

_ROOM = Path(ext_authz.__file__).parent
_RECORDED = pytest.mark.parametrize(
    ("name", "root", "roots"),
    [("ext_authz", ext_authz.CheckRequest, EXT_AUTHZ), ("cel_expr", cel_expr.CheckedExpr, CEL_EXPR)],
)


@_RECORDED
def test_types_are_those_of_the_descriptors(name: str, root: type[Message], roots: tuple[str, ...]) -> None:
    """The stub says what the recorded descriptors say, and recording these again changes nothing."""
    pool: Any = root.DESCRIPTOR.file.pool
    types = closure(pool, roots)
    messages = sorted((one for one in types if isinstance(one, Descriptor)), key=lambda one: one.name)
    text = stub(messages)
    for command in (["check", "--fix", "--exit-zero", "--select=F401,I001"], ["format"]):
        program = [sys.executable, "-m", "ruff", *command, f"--stdin-filename={_ROOM / name}.pyi", "-"]
        text = subprocess.run(program, input=text, capture_output=True, text=True, timeout=60, check=True).stdout  # noqa: S603
    assert text == (_ROOM / f"{name}.pyi").read_text()
    for file in files_of(types):
        assert file.SerializeToString() == pool.FindFileByName(file.name).serialized_pb


_VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(0, 1),
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
_STRUCT = st.dictionaries(st.text(max_size=5), _JSON, max_size=3)


@st.composite
def _filled(draw: st.DrawFn, kind: type[Message]) -> Message:
    """Return a message with any of its fields set, and of those that exclude each other one."""
    message = kind()
    for field in message.DESCRIPTOR.fields:
        if draw(st.booleans()):
            _fill(draw, message, field)
    return message


def _fill(draw: st.DrawFn, message: Message, field: Any) -> None:  # noqa: ANN401 - types know two of them
    held = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        value = field.message_type.fields_by_name["value"]
        for key in draw(st.lists(st.text(max_size=5), max_size=2)):
            if value.message_type is None:
                held[key] = draw(_scalar(value))
            else:
                held[key].CopyFrom(draw(_message(type(held[key]))))
    elif field.is_repeated:
        values = _scalar(field) if field.message_type is None else _message(type(held.add()))
        del held[:]
        held.extend(draw(st.lists(values, max_size=2)))
    elif field.message_type is None:
        setattr(message, field.name, draw(_scalar(field)))
    else:
        held.SetInParent()
        held.CopyFrom(draw(_message(type(held))))


def _scalar(field: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - as above
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return st.binary(max_size=5) if field.type == FieldDescriptor.TYPE_BYTES else st.text(max_size=5)
    return _VALUES[field.cpp_type]


def _message(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - as above
    match kind.DESCRIPTOR.full_name:
        case "google.protobuf.Struct":
            return _STRUCT.map(_struct)
        case "google.protobuf.Timestamp":  # the others have no nanoseconds
            return st.builds(
                kind, seconds=st.integers(0, 2**32), nanos=st.integers(0, 999_999).map(lambda us: us * 1000)
            )
        case "google.protobuf.Any":
            return st.just(kind(type_url="type.googleapis.com/google.protobuf.Struct", value=b""))
    return _filled(kind)


def _struct(members: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(members)
    return made


@pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")  # theirs warn of what Envoy still reads
@given(st.sampled_from([CheckRequest, CheckResponse]).flatmap(lambda kind: _filled(kind)))  # noqa: PLW0108 - composite
def test_other_classes_read_the_same(message: Message) -> None:
    """envoy-data-plane, which is made of Envoy's sources in another way, reads what we write, and we what it writes."""
    kind = getattr(others, message.DESCRIPTOR.name)
    theirs = kind.parse(message.SerializeToString())
    ours = type(message).FromString(bytes(theirs))
    assert MessageToDict(ours, preserving_proto_field_name=True) == MessageToDict(
        message, preserving_proto_field_name=True
    )


def test_fields_nobody_knows() -> None:
    """What a newer Envoy says beside is passed over, and kept."""
    raw = check_request(path="/known")
    newer = CheckRequest.FromString(raw + b"\xfa\x3e\x03new")
    assert newer.SerializeToString() != newer.FromString(raw).SerializeToString()
    assert read_sent(newer.SerializeToString()).path == read_sent(raw).path == "/known"


def test_structs_of_two_pools() -> None:
    """Ours can do what protobuf's can, and neither is taken for the other."""
    ours, theirs = Struct(), struct_pb2.Struct()
    for one in (ours, theirs):
        one.update({"a": [1, {"b": None}], "c": True})
        one["d"] = "e"
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
    assert MessageToDict(ours) == MessageToDict(theirs) == {"a": [1, {"b": None}], "c": True, "d": "e"}
    with pytest.raises(TypeError):
        ours.CopyFrom(theirs)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        HeaderValueOption(append=wrappers_pb2.BoolValue(value=True))  # type: ignore[arg-type]
    assert CheckResponse(dynamic_metadata=theirs).dynamic_metadata == ours  # type: ignore[arg-type] # read as a mapping
    assert Value(string_value="a") != struct_pb2.Value(string_value="a")


_CLASH = """
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default

def others():
    for name in {names}:
        file = FileDescriptorProto(name=name, package={package!r}, syntax="proto3")
        for kind in ("CheckRequest", "CheckResponse", "HeaderValue"):
            if not name.endswith("base.proto"):
                file.message_type.add(name=kind).field.add(name="other", number=99, type=9, label=1)
        Default().Add(file)
{calls}
raw = CheckRequest(attributes=AttributeContext(source=AttributeContext.Peer(service="a"))).SerializeToString()
assert read_sent_or_refuse(raw) == "unreadable_request"
assert not CheckRequest.DESCRIPTOR.fields_by_name.get("other")
assert Default().FindMessageTypeByName({package!r} + ".CheckRequest").fields_by_name["other"].number == 99
"""
_OURS = """
from sidecar.core.reason import Refusal
from sidecar.core.sent import read_sent
from sidecar.protos.ext_authz import AttributeContext, CheckRequest

def read_sent_or_refuse(raw):
    try:
        return read_sent(raw)
    except Refusal as refusal:
        return refusal.reason.value
"""


@pytest.mark.parametrize("calls", [f"others()\n{_OURS}", f"{_OURS}\nothers()"], ids=["theirs first", "ours first"])
def test_the_same_files_of_somebody_else(calls: str) -> None:
    """A hook may import other versions of the same files, before us or after us."""
    names = ["envoy/service/auth/v3/external_auth.proto", "envoy/config/core/v3/base.proto"]
    program = _CLASH.format(names=names, package="envoy.service.auth.v3", calls=calls)
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)  # noqa: S603 - our own interpreter
