"""What each function costs, and how large its result may be. What has no price here is not available.

Times are nanoseconds, measured on the machine of ``docs/benchmarks.md`` and rounded up; they are there to tell
milliseconds from seconds. Sizes are bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

#: One node of a tree, once.
NODE: Final = 100.0
#: Asking Python.
_PYTHON: Final = 3000.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large a value may be: ``size`` bytes in ``count`` members. A text has as many members as bytes.

    ``is_text`` says that it can be nothing but a text (or a number), which is compared byte by byte.
    """

    size: float
    count: float
    is_text: bool = False


Operands = Sequence[Size]
Price = tuple[Callable[[Operands], float], Callable[[Operands], float]]

#: Results that are small whatever they were made of: truth values, numbers, times.
SMALL: Final = 32.0


def _free(_: Operands) -> float:
    return 0.0


def _small(_: Operands) -> float:
    return SMALL


def _first(given: Operands) -> float:
    return given[0].size + SMALL


def _larger(given: Operands) -> float:
    return max(given[-1].size, given[-2].size)


def _sum(given: Operands) -> float:
    return sum(one.size for one in given)


def _replaced(given: Operands) -> float:
    return (given[0].size + 1) * max(1.0, given[2].size) + given[0].size


def _of_first(each: float) -> Callable[[Operands], float]:
    return lambda given: given[0].size * each


def _compared(given: Operands) -> float:
    return min(given[0].size, given[1].size) * (1.0 if any(one.is_text for one in given) else 30.0)


def _member(given: Operands) -> float:
    # Each member of a list is compared: one pass over the smaller of the two for each.
    return given[1].count * 20.0 + min(given[0].size * given[1].count, given[1].size) * 1.0


def _joined(given: Operands) -> float:
    return _sum(given) * (3.0 if any(one.is_text for one in given) else 100.0)


def _found(given: Operands) -> float:
    # A text in which every character is the needle's first, and a needle that differs in its last alone.
    return given[0].size * 20.0 + given[0].size * given[1].size / 100.0


def _cut(given: Operands) -> float:
    return _found(given) + given[0].size * 60.0


def _put_in(given: Operands) -> float:
    return _cut(given) + _replaced(given) * 3.0


def _python(_: Operands) -> float:
    return _PYTHON


_COMPARISONS = ("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_")
_LOGIC = ("_&&_", "_||_", "!_", "@not_strictly_false", "_-_", "_*_", "_/_", "_%_", "-_")
_NUMBERS = ("int", "uint", "double", "bool", "timestamp", "duration", "type")
_OF_TIME = (
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes",
    "getSeconds", "getMilliseconds",
)  # fmt: skip

#: By name of the function: what it costs beyond its node, and the size of what it gives. ``matches`` costs besides what
#: its pattern does (``cost``).
PRICES: Final[dict[str, Price]] = {
    **dict.fromkeys(_LOGIC, (_free, _small)),
    **dict.fromkeys(_COMPARISONS, (_compared, _small)),
    **dict.fromkeys(_NUMBERS, (_of_first(1.0), _small)),
    **dict.fromkeys(_OF_TIME, (lambda _: 200.0, _small)),
    "_?_:_": (_free, _larger),
    "_+_": (_joined, _sum),
    "_[_]": (_free, _first),
    "_?._": (_free, _first),
    "_[?_]": (_free, _first),
    "or": (_free, _larger),
    "orValue": (_free, _larger),
    "hasValue": (_free, _small),
    "@in": (_member, _small),
    "dyn": (_free, _first),
    "string": (_of_first(1.0), _first),
    "size": (_of_first(3.0), _small),
    "startsWith": (lambda given: given[1].size, _small),
    "endsWith": (lambda given: given[1].size, _small),
    "contains": (_found, _small),
    "indexOf": (_found, _small),
    "lastIndexOf": (_found, _small),
    "matches": (_python, _small),
    "inCidr": (_python, _small),
    "lowerAscii": (_of_first(8.0), _first),
    "upperAscii": (_of_first(8.0), _first),
    "trim": (_of_first(8.0), _first),
    "charAt": (_of_first(8.0), _small),
    "substring": (_of_first(8.0), _first),
    "split": (_cut, lambda given: given[0].size * 2 + SMALL),
    "replace": (_put_in, _replaced),
}
