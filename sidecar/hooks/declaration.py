"""What a hook says of itself before it is asked."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack, overload

from sidecar.hooks.identity import IDENTITY_FACTS
from sidecar.hooks.request import REQUEST_FACTS

#: Name of the attribute of a function that has its declaration.
ATTRIBUTE = "__authz_hook__"
#: Seconds that a result may be kept, at the longest.
LONGEST_TTL = 3600.0
#: ``field-name`` of RFC 9110, section 5.1, in lower case.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,128}")

_Function = TypeVar("_Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Declaration:
    """How a hook is asked; see ``hook``. ``ttl`` and ``timeout`` are in seconds. ``cache`` is ``None`` without one."""

    cpu_bound: bool = False
    anonymous: bool = False
    reads_headers: tuple[str, ...] = ()
    sets_headers: tuple[str, ...] = ()
    cache: tuple[str, ...] | None = None
    ttl: float = 0.0
    shared: bool = False
    timeout: float | None = None


class Options(TypedDict, total=False):
    """What there is to declare; see ``hook``."""

    cpu_bound: bool
    anonymous: bool
    reads_headers: Collection[str]
    sets_headers: Collection[str]
    cache: Collection[str] | None
    ttl: float
    shared: bool
    timeout: float | None


@overload
def hook(function: _Function, /) -> _Function: ...
@overload
def hook(**options: Unpack[Options]) -> Callable[[_Function], _Function]: ...
def hook(
    function: _Function | None = None, /, **options: Unpack[Options]
) -> _Function | Callable[[_Function], _Function]:
    """Declare how a hook is asked. The function stays what it is.

    * ``cpu_bound``: it calculates for milliseconds: it is asked in a process of its own, which can be ended.
    * ``anonymous``: with ``may_allow: true`` it may allow requests without a token as well.
    * ``reads_headers``, ``sets_headers``: names of the headers it looks at, and of those that it adds.
    * ``cache``, ``ttl``: results are kept for ``ttl`` seconds by the named parts of request and identity: it sees no
      others of the request. The identity always belongs to the key, but where the hook is ``shared``: then it sees
      of the identity, too, what is named and nothing else, and gets ``None`` where nothing of it is.
    * ``timeout``: seconds it may take where it is ``async`` or ``cpu_bound``; never beyond the check's deadline.

    Raises ``TypeError`` and ``ValueError`` for what makes no sense.
    """
    declaration = _declaration(options)

    def declare(function: _Function) -> _Function:
        setattr(function, ATTRIBUTE, declaration)
        return function

    return declare if function is None else declare(function)


def _declaration(options: Options) -> Declaration:
    given: dict[str, Any] = dict(options)
    for name in {"reads_headers", "sets_headers"} & given.keys():
        given[name] = _headers(name, given[name])
    if given.get("cache") is not None:
        given["cache"] = _key(given["cache"])
    declaration = Declaration(**given)
    _check_times(declaration)
    return declaration


def declaration_of(function: Callable[..., object]) -> Declaration:
    """Return what a hook declared; raises ``TypeError`` where somebody put something else there."""
    found = getattr(function, ATTRIBUTE, Declaration())
    if type(found) is not Declaration:
        raise TypeError("its declaration is none; use @hook(…)")
    return found


def _headers(name: str, given: Collection[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError(f"{name} is a list of names, such as [{given!r}]")
    names = tuple(dict.fromkeys(one.lower() for one in given))
    for one in names:
        if _HEADER.fullmatch(one) is None:
            raise ValueError(f"{name}: {one!r} is no header's name")
    return names


def _key(given: Collection[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError(f"cache is a list of names, such as [{given!r}]")
    unknown = sorted(set(given) - REQUEST_FACTS - IDENTITY_FACTS)
    if unknown:
        known = ", ".join(sorted(REQUEST_FACTS | IDENTITY_FACTS))
        raise ValueError(f"cache: there is no {unknown[0]!r}; there are {known}")
    return tuple(sorted(set(given)))


def _check_times(declared: Declaration) -> None:
    if declared.cache is None and (declared.ttl or declared.shared):
        raise ValueError("ttl and shared go with cache; write cache=[…], by what results are kept")
    if declared.cache is not None and not 0 < declared.ttl <= LONGEST_TTL:
        raise ValueError(f"ttl is in seconds, above 0 and at most {LONGEST_TTL:g}; cache needs one")
    if declared.timeout is not None and not 0 < declared.timeout <= 10:  # noqa: PLR2004 - as in the settings
        raise ValueError("timeout is in seconds, above 0 and at most 10")
