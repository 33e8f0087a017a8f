"""What Python hooks said about a request."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class HookResult(StrEnum):
    """How asking one ended."""

    NOTHING = "nothing"
    ALLOW = "allow"
    ADD = "add"
    DENY = "deny"
    FAILED = "failed"  #: it raised something, or returned what is no decision
    TIMEOUT = "timeout"  #: it took longer than it may


class HookAnswer(NamedTuple):
    """What one hook said, looked at by whoever asked it: headers are declared and safe, and so is ``message``.

    ``detail`` is for logs and Envoy's metadata. ``headers`` are sorted by name, ``metadata`` is JSON, empty for none.
    """

    hook: str
    result: HookResult
    detail: str = ""
    status: int = 403
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class HookAnswers:
    """What the hooks said, in their order: all of them, or up to one that is no consent.

    ``trust_digest`` is copied from the ``AskHooks`` they answer, as a verdict's is.
    """

    trust_digest: bytes
    answers: tuple[HookAnswer, ...] = field(repr=False)


#: What ends a request.
ENDS = frozenset({HookResult.DENY, HookResult.FAILED, HookResult.TIMEOUT})
