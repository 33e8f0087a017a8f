"""Python hooks: functions that are asked about requests (docs/hooks.md)."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from sidecar.settings.base import Model, checked
from sidecar.settings.policy import OperationSettings

#: Characters of the longest one.
_LONGEST = 200
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_CALL = re.compile(rf"{_NAME}(?:\.{_NAME})*:{_NAME}")


def _check_call(text: str) -> None:
    if _CALL.fullmatch(text) is None or len(text) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r} is no function; write package.module:function")


def _as_call(value: object) -> object:
    return {"call": value} if isinstance(value, str) else value


class HookSettings(Model):
    """One hook; or just the text of 'call'."""

    call: Annotated[str, checked(_check_call)] = Field(
        description="The function, as 'package.module:function'. Also its name in logs, metadata and metrics."
    )
    may_allow: bool = Field(
        default=False,
        description="It may allow what no policy allows. What a deny policy denies, or a refused token, stays denied.",
    )
    on: list[OperationSettings] | None = Field(
        None, min_length=1, description="The operations it is asked about, public ones too. Default: all."
    )
    budget_seconds: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Seconds that a plain function may take, in which its server answers nobody else. One that took "
        "longer denies that check.",
    )
    moves_after: int = Field(
        3,
        ge=1,
        le=1000,
        description="Checks over the budget, within a minute, after which the function is asked in a process of its "
        "own, until the server is restarted.",
    )
    timeout_seconds: float = Field(
        0.1,
        gt=0,
        le=10,
        description="Seconds for an async function, or one in a process of its own; what the hook declares counts "
        "before this. Never beyond the check's deadline; Envoy's own is 0.2 by default.",
    )
    max_in_flight: int = Field(
        64, ge=1, le=4096, description="Checks at once, per server, that wait for it; more are shed (overloaded)."
    )


HookEntry = Annotated[HookSettings, BeforeValidator(_as_call, json_schema_input_type=HookSettings | str)]
