"""The library: the only module that imports it.

Expressions are compiled in the process that evaluates them. An environment that was made before a fork works after it.

Several threads may compile and evaluate at once, the same expressions too: each call holds the interpreter's lock from
its beginning to its end (0.1.3 never lets go of it, and calls nothing of Python's back). So in fact they take turns.
INVARIANT: no value of the library's goes to another thread: what it lies in belongs to the one that made it.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Final, NoReturn, TypeAlias

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings
from google.protobuf.any_pb2 import Any as AnyMessage

from sidecar.cel.outcome import bare, plain
from sidecar.cel.tree import CheckedExpr, Expr
from sidecar.cel.variables import VARIABLES, Kind
from sidecar.core.strict_json import Json

#: Variables for what is answered outside of the library (``asked``). "@" cannot be written by anybody.
ANSWERS: Final = tuple(f"@{number}" for number in range(32))
_TEXT = cel.Type.STRING
_ERROR = cel.Type.ERROR
_TYPES: Final = {
    Kind.TEXT: _TEXT,
    Kind.TEXTS: cel.Type.List(_TEXT),
    Kind.TEXT_MAP: cel.Type.Map(_TEXT, _TEXT),
    Kind.ANY_MAP: cel.Type.Map(_TEXT, cel.Type.DYN),
    Kind.NUMBER: cel.Type.INT,
    Kind.TIME: cel.Type.TIMESTAMP,
}


#: A compiled expression: values by name to what it comes to; ``None`` for an error. Raises whatever the library does.
Program: TypeAlias = Callable[[Mapping[str, object]], object]
Condition: TypeAlias = Callable[[Mapping[str, object]], bool | None]
Valued: TypeAlias = Callable[[Mapping[str, object]], Json]
#: Functions that hand on what they are given: it is not sure that they come to true or false where that is their type.
_HANDING_ON: Final = frozenset({"_?_:_", "_[_]", "_?._", "_[?_]", "dyn", "or", "orValue"})


class LibraryError(Exception):
    """The library refuses an expression; its text as it is."""


def check(source: str) -> CheckedExpr:
    """Parse an expression and check its types; raises ``LibraryError``."""
    try:
        return CheckedExpr.FromString(AnyMessage.FromString(_environment().compile(source).serialize()).value)
    except Exception as error:  # noqa: BLE001 - the library has one for everything, and protobuf's for too deep a tree is another
        raise LibraryError(str(error)) from None


def program(checked: CheckedExpr) -> Program:
    """Make a checked tree ready to be evaluated."""
    run = _expression(checked).eval
    return lambda data: bare(run(data=data))


def valued(checked: CheckedExpr) -> Valued:
    """Make a checked tree ready that comes to a value of JSON; evaluating raises for anything else, too."""
    if (name := checked.expr.ident_expr.name) in ANSWERS:
        return partial(_answer, name)
    run = _expression(checked).eval
    return lambda data: plain(run(data=data))


def condition(checked: CheckedExpr) -> Condition:
    """Make a checked tree ready that comes to true or false; ``None`` stands for anything else."""
    if (name := checked.expr.ident_expr.name) in ANSWERS:
        return partial(_answer, name)
    run = _expression(checked).eval
    never_null = _is_never_null(checked.expr)

    def evaluate(data: Mapping[str, object]) -> bool | None:
        outcome = run(data=data)
        value = outcome.value() if never_null else bare(outcome)
        return value if value is True or value is False else None

    return evaluate


def _is_never_null(node: Expr) -> bool:
    function = node.call_expr.function
    return bool(function) and function not in _HANDING_ON


def _answer(name: str, data: Mapping[str, object]) -> bool | None:
    value = data.get(name)
    return value if value is True or value is False else None


def fails(checked: CheckedExpr) -> str:
    """Evaluate a tree without variables; return the error it comes to, or the empty text."""
    try:
        value = _expression(checked).eval(data={})
        return str(value.value()) if value.type() == _ERROR else ""
    except Exception as error:  # noqa: BLE001 - as above
        return str(error)


def _expression(checked: CheckedExpr) -> cel.Expression:
    packed = AnyMessage()
    packed.Pack(checked)
    return _environment().deserialize(packed.SerializeToString())


@cache
def _environment() -> cel.Env:
    declared = {name: _TYPES[one.kind] for name, one in VARIABLES.items()}
    in_cidr = cel.Overload(
        "in_cidr_string_string", return_type=cel.Type.BOOL, parameters=[_TEXT, _TEXT], impl=_never_called
    )
    return cel.NewEnv(
        variables=declared | dict.fromkeys(ANSWERS, cel.Type.BOOL),
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
        functions=[cel.FunctionDecl("inCidr", [in_cidr])],
    )


def _never_called(address: str, cidr: str) -> NoReturn:
    """Stand in for a function that is answered outside: what the library calls back with is never freed (0.1.3)."""
    raise NotImplementedError
