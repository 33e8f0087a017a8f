"""What both views are made of: values by name, read and never written."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn, cast

from sidecar.hooks.headers import UndeclaredError


class Facts:
    """Values by name. ``seen`` are the names that were looked at; what is not among the values may not be."""

    __slots__ = ("_seen", "_values")

    _seen: set[str]
    _values: Mapping[str, object]

    def __init__(self, values: Mapping[str, object]) -> None:
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_seen", set())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: nobody changes it."""
        raise AttributeError(f"{name} cannot be set: requests and identities are only looked at")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: nobody changes it."""
        raise AttributeError(f"{name} cannot be deleted: requests and identities are only looked at")

    def _fact(self, name: str) -> object:
        self._seen.add(name)
        try:
            return self._values[name]
        except KeyError:
            raise UndeclaredError(
                f"{name!r} is not in the key that the results are cached by; write @hook(cache=[…, {name!r}])"
            ) from None

    def _text(self, name: str) -> str:
        return cast("str", self._fact(name))


def frozen(value: object) -> object:
    """Return a copy of JSON that nobody can change: objects as mappings that are read alone, lists as tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: frozen(member) for name, member in value.items()})
    if isinstance(value, list | tuple):
        return tuple(frozen(member) for member in value)
    return value
