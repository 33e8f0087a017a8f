"""The library: the only module that imports it.

Expressions are compiled in the process that evaluates them. An environment that was made before a fork works after it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Protocol

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings
from google.protobuf.any_pb2 import Any as AnyMessage

from sidecar.cel.functions import in_cidr, matches
from sidecar.cel.tree import CheckedExpr
from sidecar.cel.variables import VARIABLES, Kind

#: CEL's own ``matches`` compiles its pattern for each value. Ours stands in for it; "@" cannot be written by anybody.
MATCHES: Final = "@matches"
_TEXT = cel.Type.STRING
_TYPES: Final = {
    Kind.TEXT: _TEXT,
    Kind.TEXTS: cel.Type.List(_TEXT),
    Kind.TEXT_MAP: cel.Type.Map(_TEXT, _TEXT),
    Kind.ANY_MAP: cel.Type.Map(_TEXT, cel.Type.DYN),
    Kind.NUMBER: cel.Type.INT,
    Kind.TIME: cel.Type.TIMESTAMP,
}


class Program(Protocol):
    """A compiled expression: values by name to true, false or, if it comes to anything else, ``None``."""

    def __call__(self, data: Mapping[str, object], /) -> bool | None:
        """Evaluate; raises whatever the library does."""
        ...


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
    packed = AnyMessage()
    packed.Pack(checked)
    expression = _environment().deserialize(packed.SerializeToString())

    def evaluate(data: Mapping[str, object], /) -> bool | None:
        value = expression.eval(data=data).value()
        return value if value is True or value is False else None

    return evaluate


def fails(checked: CheckedExpr) -> str:
    """Evaluate a tree without variables; return the error it comes to, or the empty text."""
    packed = AnyMessage()
    packed.Pack(checked)
    try:
        value = _environment().deserialize(packed.SerializeToString()).eval(data={})
        return str(value.value()) if value.type() == cel.Type.ERROR else ""
    except Exception as error:  # noqa: BLE001 - as above
        return str(error)


@cache
def _environment() -> cel.Env:
    return cel.NewEnv(
        variables={name: _TYPES[one.kind] for name, one in VARIABLES.items()},
        extensions=[ext_strings.ExtStrings()],
        functions=[_of_two_texts("inCidr", in_cidr), _of_two_texts(MATCHES, matches)],
    )


def _of_two_texts(name: str, function: object) -> cel.FunctionDecl:
    overload = cel.Overload(
        f"{name}_string_string", return_type=cel.Type.BOOL, parameters=[_TEXT, _TEXT], impl=function
    )
    return cel.FunctionDecl(name, [overload])
