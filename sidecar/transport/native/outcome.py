"""What a handler comes to: a message, the promise of one, or why there is none."""

import logging
from collections.abc import Awaitable

from sidecar.transport.native.grpc_status import CallError, Status

Outcome = bytes | Awaitable[bytes] | CallError

_log = logging.getLogger(__name__)


def outcome_of(error: BaseException) -> CallError:
    """Return what the caller is told of an error that a handler raised. What was not meant for the caller is logged."""
    if isinstance(error, CallError):
        return error
    _log.error("a handler failed", exc_info=error)
    return CallError(Status.INTERNAL, "internal error; see the sidecar's log")
