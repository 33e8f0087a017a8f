"""A request as a hook sees it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast, final

from sidecar.hooks.facts import Facts
from sidecar.hooks.headers import Headers

#: What there is to it, by name.
REQUEST_FACTS = frozenset({"method", "path", "raw_path", "query", "host", "headers", "source", "context"})


@final
class Request(Facts):
    """One HTTP request, which was found to be in normal form. Nobody changes it.

    Where an upstream may read the path in more than one way (``/a%20b`` is ``/a b`` to most), a hook that looks at
    ``path`` is asked about each reading, and any of them denies.
    """

    __slots__ = ()

    def __init__(  # noqa: PLR0913 - what a request has
        self,
        *,
        method: str = "GET",
        path: str = "/",
        raw_path: str | None = None,
        query: str = "",
        host: str = "",
        headers: Mapping[str, str | None] | None = None,
        source: str = "",
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            {
                "method": method,
                "path": path,
                "raw_path": path if raw_path is None else raw_path,
                "query": query,
                "host": host,
                "headers": Headers(headers or {}),
                "source": source,
                "context": MappingProxyType(dict(context or {})),
            }
        )

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return self._text("method")

    @property
    def path(self) -> str:
        """The path without its query, as an upstream may read it."""
        return self._text("path")

    @property
    def raw_path(self) -> str:
        """The path without its query, as the client sent it."""
        return self._text("raw_path")

    @property
    def query(self) -> str:
        """What follows the first ``?``; empty without. It may have secrets."""
        return self._text("query")

    @property
    def host(self) -> str:
        """The Host header or ``:authority``, in lower case and without port and closing dot."""
        return self._text("host")

    @property
    def headers(self) -> Headers:
        """The headers that the hook declared with ``reads_headers``."""
        return cast("Headers", self._fact("headers"))

    @property
    def source(self) -> str:
        """The client's IP address, as Envoy trusts it; empty where it names none."""
        return self._text("source")

    @property
    def context(self) -> Mapping[str, str]:
        """Envoy's ``context_extensions`` of the route."""
        return cast("Mapping[str, str]", self._fact("context"))

    def __repr__(self) -> str:
        """Name what it is for. Query and headers may have secrets."""
        return f"Request({self._values.get('method')} {self._values.get('path')})"
