"""From ``package.module:function`` to the function, its declaration and what its code is. Imports the module."""

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from sidecar.hooks.declaration import Declaration, declaration_of

#: Bytes of the largest module that is looked at.
_MOST_BYTES = 4 * 1024 * 1024


class HookError(Exception):
    """A hook that cannot be asked. The text says why, and what to do; it has nothing of any request."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hook. ``file`` is its module's, ``digest`` (32 bytes) names that file's content and the declaration."""

    call: str
    function: Callable[..., object]
    declared: Declaration
    is_async: bool
    file: str
    digest: bytes


def look_into(folder: str | None) -> None:
    """Have modules looked for in ``folder`` too: last, so that none takes the place of one that is installed."""
    if folder is not None and folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()


def find(call: str) -> Found:
    """Import a hook; raises ``HookError``. Whatever the module does when it is imported, it does."""
    name, _, attribute = call.partition(":")
    module = _import(name)
    file = getattr(module, "__file__", None)
    if file is None:
        raise HookError(f"module {name!r} has no file; a hook is a function in one")
    # Before it is looked at: a file that is being written is another one the next time.
    content = source(file)
    function = getattr(module, attribute, None)
    if function is None:
        raise HookError(f"{file} has no {attribute!r}; write the name of a function in it")
    declared = _checked(call, function)
    digest = digest_of(call, declared, content)
    return Found(call, function, declared, inspect.iscoroutinefunction(function), file, digest)


def source(file: str) -> bytes:
    """Read a module's file; raises ``HookError``."""
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_MOST_BYTES)
    except OSError as error:
        raise HookError(f"{file}: cannot be read: {error.strerror}") from None


def digest_of(call: str, declared: Declaration, content: bytes) -> bytes:
    """Return what names a hook: the function, what it declares and its module's file."""
    made = blake2b(content, digest_size=32, person=b"hook")
    made.update(repr((call, declared)).encode())
    return made.digest()


def _import(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            text = f"there is no module {error.name!r}; install it, or name the folder it is in as 'hook_folder'"
            raise HookError(text) from None
        raise HookError(f"module {name!r} needs {error.name!r}, which is not installed") from None
    except BaseException as error:  # noqa: BLE001 - SystemExit as well: whatever a module does, it is told
        raise HookError(f"module {name!r} cannot be imported: {what(error)}") from None


def _checked(call: str, function: object) -> Declaration:
    if not inspect.isfunction(function):
        raise HookError(f"{call} is no function but a {type(function).__name__}; write def or async def")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise HookError(f"{call} yields; a hook returns its decision")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise HookError(f"{call} must take two arguments: def {function.__name__}(request, identity)") from None
    try:
        declared = declaration_of(function)
    except TypeError as error:
        raise HookError(f"{call}: {error}") from None
    if declared.cpu_bound and inspect.iscoroutinefunction(function):
        raise HookError(f"{call} is async and cpu_bound; what calculates is no async function")
    return replace(declared)


def what(error: BaseException) -> str:
    """Name an exception and the place it came from."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    text = str(error)
    return f"{type(error).__name__}{': ' if text else ''}{text}{place}"
