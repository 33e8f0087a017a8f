"""The library's messages, with what to do about them."""

import re
from difflib import SequenceMatcher, get_close_matches

from sidecar.cel.error import CelError, at_line
from sidecar.cel.price import PRICES
from sidecar.cel.variables import VARIABLES, Kind

_MESSAGE = re.compile(r"ERROR: <input>:(-?[0-9]+):(-?[0-9]+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_NAMES = [*VARIABLES, *(name for name in PRICES if name.isalpha()), "all", "exists", "exists_one", "has"]
_MAPS = {name for name, one in VARIABLES.items() if one.kind in {Kind.TEXT_MAP, Kind.ANY_MAP}}
#: How alike two names are (difflib's ratio) of which one may be meant for the other.
_LIKE = 0.8
#: Characters of a message; the expression itself may be in it.
_LONGEST = 300
_EXPECTING = re.compile(r" expecting \{.*")


def worded(source: str, message: str) -> CelError:
    """Return the error for the first problem that the library tells."""
    found = _MESSAGE.search(message)
    if found is None or "recursion" in found[3]:
        # Its parser and protobuf both have a limit for the depth, each with a message of its own.
        return CelError(
            "it is nested too deeply, or too long a chain of operators (32 at most); write several conditions"
        )
    line, column, problem = int(found[1]), int(found[2]), found[3].removesuffix(" [INVALID_ARGUMENT]")[:_LONGEST]
    return at_line(source, max(line, 1), max(column - 1, 0), _advised(problem))


def _advised(problem: str) -> str:
    if undeclared := _UNDECLARED.match(problem):
        return _undeclared(undeclared[1])
    if problem.startswith("found no matching overload"):
        return f"{problem}; the types do not fit each other"
    if "cannot be the operand of a select operation" in problem:
        return f"{problem}; only maps have members, such as identity.claims.team"
    return _EXPECTING.sub("", problem).replace("mismatched input '<EOF>'", "the expression ends where more is expected")


def _undeclared(name: str) -> str:
    if near := nearest(name):
        return f"there is no '{name}'; did you mean '{near}'?"
    return f"there is no '{name}'; there are {', '.join(sorted(VARIABLES))}"


def nearest(name: str) -> str:
    """Return the variable or function that was most likely meant, with the members named, or the empty text."""
    parts = name.split(".")
    heads = [".".join(parts[:taken]) for taken in range(len(parts), 0, -1)]
    near = [(head, found) for head in heads for found in get_close_matches(head, _NAMES, n=1, cutoff=_LIKE)]
    if near:
        head, found = max(near, key=lambda pair: SequenceMatcher(None, *pair).ratio())
        return found + name.removeprefix(head) if found in _MAPS else found
    return next((one for one in VARIABLES if one.rpartition(".")[2] == parts[-1]), "")
