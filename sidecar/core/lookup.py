"""From a request's method, host and path to its endpoint and the rules about it, kept for those that come again."""

from functools import lru_cache, partial
from typing import NamedTuple

from sidecar.core.endpoint import Endpoint, endpoint_of
from sidecar.core.finder import Finder
from sidecar.core.path import split_target
from sidecar.core.policy.applicable import Applicable, applicable
from sidecar.core.request import Request, admit
from sidecar.core.sent import SentRequest
from sidecar.core.source import USUAL
from sidecar.core.trust import Trust

#: Endpoints that are kept, and characters that path and host may have together for one to be kept.
_KEPT, _LONGEST = 4096, 512


class Found(NamedTuple):
    """An endpoint, and the rules that are about it."""

    endpoint: Endpoint
    rules: Applicable


class Lookup:
    """Of one Trust.

    Most requests are for one of few endpoints: health checks, lists, every method of a gRPC service. For them nothing
    of path, host and policy is looked at but that they are the very same, which saves 4 of 9 µs a check. Whoever sends
    many different ones has each looked at, and pushes others out; what is not in normal form is never kept.
    """

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        #: ``None`` where credentials are bearer tokens in Authorization and nothing else, which takes no looking for.
        self.finder = None if trust.sources == USUAL else Finder(trust.sources)
        # Not a method of ours: a circle would outlive the Trust until the collector comes.
        self._find = partial(_find, trust)
        self._kept = lru_cache(_KEPT)(self._find)

    def find(self, sent: SentRequest) -> tuple[Request, Applicable]:
        """Return the request in normal form and the rules about it; raises ``Refusal``."""
        path, query = split_target(sent.target)
        port = sent.port if self.trust.policy.reads_ports else ""
        size = len(path) + len(sent.authority) + len(sent.method)
        look = self._kept if size <= _LONGEST else self._find
        endpoint, rules = look(sent.method, sent.authority, path, port)
        return admit(sent, endpoint, query), rules


def _find(trust: Trust, method: str, authority: str, path: str, port: str) -> Found:
    endpoint = endpoint_of(method, authority, path, port, trust.path_mode, trust.max_path_bytes)
    return Found(endpoint, applicable(trust.policy, endpoint))
