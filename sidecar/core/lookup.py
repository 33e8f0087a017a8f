"""From a request's method, host and path to its endpoint and the rules about it, kept for those that come again."""

from functools import _lru_cache_wrapper, lru_cache
from typing import NamedTuple
from weakref import WeakSet, WeakValueDictionary, ref

from sidecar.core.endpoint import Endpoint, endpoint_of
from sidecar.core.finder import Finder
from sidecar.core.headers import SentRemovals
from sidecar.core.headers_read import HEADERS_SENT
from sidecar.core.needs import Decided
from sidecar.core.policy.applicable import Applicable, applicable
from sidecar.core.reason import Reason, Refusal
from sidecar.core.sent import SentRequest
from sidecar.core.source import USUAL
from sidecar.core.trust import Trust

#: Endpoints that are kept, and characters that path and host may have together for one to be kept.
_KEPT, _LONGEST = 4096, 512
#: Rules that those kept may have, of all that are not the same: 16 bytes each.
_MOST_RULES = 256 * 1024


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
        # Not a method of ours: a circle would outlive the Trust until the collector comes.
        finder = _Finder(trust)
        self._find = finder.find
        self._kept = lru_cache(_KEPT)(finder.find_to_keep)
        finder.kept = ref(self._kept)
        self._reads_ports = trust.reads_ports
        self._sufficient: str | None = None
        #: The answer to who floods us, once it was made.
        self.shed: Decided | None = None
        self.removals = SentRemovals(trust.response)
        #: ``None`` where credentials are bearer tokens in Authorization and nothing else, which takes no looking for.
        self.finder = None if trust.sources == USUAL else Finder(trust.sources)

    def require_headers(self, sent: SentRequest) -> None:
        """Raise ``Refusal`` where Envoy says that it lets through fewer headers than are looked at."""
        listed = sent.attributes.context_extensions.get(HEADERS_SENT)
        if listed is None or listed == self._sufficient:
            return
        needed = self.trust.headers_read
        if not needed.issubset(listed.split(",")):
            raise Refusal(Reason.ENVOY_CONFIG_STALE, f"needs {','.join(sorted(needed))}; sent: {listed}")
        self._sufficient = listed

    def find(self, sent: SentRequest) -> Found:
        """Return the request's endpoint and the rules about it; raises ``Refusal``."""
        path = sent.path
        port = sent.port if self._reads_ports else ""
        size = len(path) + len(sent.authority) + len(sent.method)
        look = self._kept if size <= _LONGEST else self._find
        return look(sent.method, sent.authority, path, port)


class _Finder:
    """Finds endpoint and rules anew."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        #: The rules there are, by their content: thousands of endpoints have the same few.
        self._shared = WeakValueDictionary[object, Applicable]()
        #: Those of them that are kept, how many rules these have, and by whom: not by us, which would be a circle.
        self._counted = WeakSet[Applicable]()
        self._rules = 0
        self.kept: ref[_lru_cache_wrapper[Found]] | None = None

    def find_to_keep(self, method: str, authority: str, path: str, port: str) -> Found:
        """Do as ``find``, for what is kept: where that has too many rules, all that was kept before is forgotten."""
        found = self.find(method, authority, path, port)
        rules = found.rules
        if rules not in self._counted:
            size = len(rules.deny) + len(rules.allow) + len(rules.audit)
            if self._rules + size > _MOST_RULES:
                self._forget()
            self._counted.add(rules)
            self._rules += size
        return found

    def _forget(self) -> None:
        kept = None if self.kept is None else self.kept()
        if kept is not None:
            kept.cache_clear()
        self._counted.clear()
        self._rules = 0

    def find(self, method: str, authority: str, path: str, port: str) -> Found:
        trust = self._trust
        endpoint = endpoint_of(method, authority, path, port, trust.path_mode, trust.max_path_bytes)
        rules = applicable(trust.policy, endpoint, trust.hooks)
        content = rules.content
        of_endpoint = trust.effects.of_endpoint
        if of_endpoint and any(one.policy.name in of_endpoint for one in rules.allow):
            content = (endpoint, *content)  # an answer that is kept for these rules is of this endpoint
        return Found(endpoint, self._shared.setdefault(content, rules))
