"""A value with the request at hand: told, or not."""

import json

from sidecar.core.effects.model import Content
from sidecar.core.policy.case import Case
from sidecar.core.policy.terms import value_of
from sidecar.core.strict_json import Json


class UntoldError(ValueError):
    """A value that cannot be told, or not be put where it is to go; ``str`` says which, and why."""


def told(value: Content, case: Case, place: str) -> Json:
    """Return the value; raises ``UntoldError``, which names ``place``."""
    if isinstance(value, str):
        return value
    found = value_of(value, case)
    if found is None:
        raise UntoldError(f"{place}: cannot be told")
    return found


def told_json(value: Content, case: Case, place: str, longest: int) -> tuple[Json, int]:
    """Return a value and its bytes as JSON, ``longest`` at most; raises ``UntoldError``."""
    found = told(value, case, place)
    try:
        size = len(json.dumps(found, allow_nan=False, ensure_ascii=False).encode())
    except ValueError:
        raise UntoldError(f"{place}: no number or text that JSON has") from None
    if size > longest:
        raise UntoldError(f"{place}: longer than {longest} bytes")
    return found, size
