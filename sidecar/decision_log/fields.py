"""What a record may tell of a check: the one list of its fields. docs/decision-log.md has the same (a test)."""

from collections.abc import Mapping
from typing import Final, TypeAlias, Union

#: ``None`` for a single value, a list of one for a list of such.
Shape: TypeAlias = Union[Mapping[str, "Shape"], list["Shape"], None]  # noqa: UP007 - it names itself

SHAPE: Final[Mapping[str, Shape]] = {
    "time": None,
    "decision": None,
    "reason": None,
    "status": None,
    "policy": None,
    "rule": None,
    "issuer": None,
    "subject": None,
    "method": None,
    "host": None,
    "path": None,
    "address": None,
    "duration": None,
    "cache": None,
    "request_id": None,
    "trace_id": None,
    "detail": None,
    "audited": [None],
    "dry_run": {"decision": None, "reason": None, "policy": None, "rule": None},
    "hooks": [{"hook": None, "result": None}],
    "mode": None,
    "one_in": None,
    "process": None,
    "version": None,
    "cut": None,
}
