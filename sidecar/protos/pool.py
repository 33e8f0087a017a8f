"""Recorded descriptors as classes, in a pool that is nobody else's.

protobuf's default pool takes each file and each name once: who imports xds-protos, or the same files in another
version, beside messages of ours that are there would get a ``TypeError``, and so would we if ours came second. Types
of google.protobuf are in the pool once more, as the installed protobuf has them, and can do all that its own can.

A message of another pool is of another type, whatever its name: to put it into one of these is a ``TypeError``.
Bytes, dicts and lists come across.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf import any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_WELL_KNOWN = (any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)


def pool_of(files: Sequence[bytes]) -> DescriptorPool:
    """Return a pool with these files (``FileDescriptorProto``, serialised), each behind those that it needs."""
    pool = DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.AddSerializedFile(file)
    return pool


def classes(files: Sequence[str]) -> Callable[[str], Any]:
    """Return what gives the class of a message by its full name. ``files`` are in base64.

    What type it has, the stub beside the module says that was recorded.
    """
    pool = pool_of([b64decode(file) for file in files])
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(name))
