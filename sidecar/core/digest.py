"""One digest for any immutable value, the same in every process and at every start.

``repr`` alone would not do: the order of a frozenset depends on each process's hash seed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b


def digest_of(value: object, purpose: bytes) -> bytes:
    """Return 32 bytes of BLAKE2b (RFC 7693) over ``value``; ``purpose`` (16 bytes at most) keeps uses apart.

    Takes dataclasses, enums, mappings, tuples, lists, frozensets, strings, bytes, numbers, booleans and ``None``;
    raises ``TypeError`` for anything else rather than guess.
    """
    return blake2b(_canonical(value).encode("utf-8", "surrogatepass"), digest_size=32, person=purpose).digest()


def _canonical(value: object) -> str:
    # Each branch is tagged and each string quoted, so that no two different values have the same text.
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return f"{type(value).__name__}:{value!r}"
    if is_dataclass(value):
        members = (f"{field.name}={_canonical(getattr(value, field.name))}" for field in fields(value) if field.compare)
        return _joined(f"{type(value).__name__}(", members, ")")
    if isinstance(value, Mapping):
        return _joined("{", sorted(f"{_canonical(key)}:{_canonical(item)}" for key, item in value.items()), "}")
    if isinstance(value, tuple | list):
        return _joined("[", map(_canonical, value), "]")
    if isinstance(value, frozenset):
        return _joined("<", sorted(map(_canonical, value)), ">")
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _joined(opening: str, members: Iterable[str], closing: str) -> str:
    return opening + ",".join(members) + closing
