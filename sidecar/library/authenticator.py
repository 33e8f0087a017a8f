"""``Authenticator``: who is behind a token, in any Python program. docs/library.md has examples."""

import asyncio
import atexit
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sidecar.core.reason import Reason
from sidecar.library.batch import authenticate_all
from sidecar.library.errors import ClosedError, WrongLoopError
from sidecar.library.health import Health
from sidecar.library.home import GoneError, Home, own_home
from sidecar.library.question import Token, read_token
from sidecar.library.result import Refused, Result
from sidecar.library.service import Service
from sidecar.library.setup import Setup, auth0_issuer, oidc_settings, setup_from, setup_of
from sidecar.loading.problem import ConfigurationError, Problem
from sidecar.report.model import Report
from sidecar.runtime.control.feed_files import FeedFileError
from sidecar.settings import Settings

_T = TypeVar("_T")
_GONE = Refused(Reason.INTERNAL_ERROR, "the authenticator was closed meanwhile")
#: What OpenID providers sign with. Which key is for which of them the key itself says.
_ALGORITHMS = ("RS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class _Open:
    service: Service
    home: Home
    pid: int


class Authenticator:
    """Says whom tokens speak for. Open it, ask it, close it; ``with`` and ``async with`` do.

    ``settings`` are those of the server's file, as ``sidecar.settings.Settings`` or as a mapping; relative paths are
    relative to ``folder``. What is not about tokens is checked, and left out. Raises ``ConfigurationError`` with
    everything that is wrong.

    ``async with`` (``aopen``): it lives in the event loop that runs, and may be awaited there alone; other threads may
    call the ``_sync`` variants. ``with`` (``open``): it has a loop in a thread of its own, and any thread and any loop
    may ask. After a fork a child has none: it opens one of its own. Used otherwise it raises ``MisuseError``.

    >>> from sidecar import Authenticator
    >>> key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    >>> issuer = {"issuer": "https://id.example", "audiences": ["orders"], "keys": {"jwks": {"keys": [key]}}}
    >>> with Authenticator({"issuers": [issuer], "enable_multiprocessing": False}) as a:
    ...     result = a.authenticate_sync("not.a.token")
    ...     bool(a.health().ok), bool(result), result.reason.value, result.status
    (True, False, 'token_malformed', 401)
    """

    def __init__(self, settings: Settings | Mapping[str, object] | Setup, *, folder: str | Path = ".") -> None:
        self._setup = settings if isinstance(settings, Setup) else setup_of(settings, Path(folder))
        self._now: _Open | None = None
        self._opening: dict[int, object] = {}

    @classmethod
    def from_file(cls, file: str | Path) -> Self:
        """Take a server's configuration file, and the environment variables that go with it.

        It is read again when it changes, and so are the files of keys that it names. Raises ``ConfigurationError``.
        """
        return cls(setup_from(Path(file)))

    @classmethod
    def from_oidc(
        cls,
        issuer: str,
        *,
        audience: str | Sequence[str],
        algorithms: Sequence[str] = _ALGORITHMS,
        fetch: Mapping[str, object] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> Self:
        """Take tokens of an OpenID provider, whose keys are where its discovery document says, and kept up to date.

        ``issuer`` is the ``iss`` of its tokens, exactly; one of ``audience`` must be in ``aud``. ``fetch`` is what the
        configuration has as ``keys.fetch``, ``settings`` all else, such as ``revocation``. Raises
        ``ConfigurationError``.

        >>> from sidecar import Authenticator
        >>> Authenticator.from_oidc("https://id.example", audience="orders")
        <Authenticator of https://id.example, closed>
        """
        audiences = [audience] if isinstance(audience, str) else list(audience)
        return cls(oidc_settings(issuer, audiences, list(algorithms), fetch or {}, settings or {}))

    @classmethod
    def from_auth0(
        cls, domain: str, *, audience: str | Sequence[str], settings: Mapping[str, object] | None = None
    ) -> Self:
        """Take Auth0's access tokens (RS256) for ``audience``; ``domain`` as Auth0 shows it. Raises as ``from_oidc``.

        >>> from sidecar import Authenticator
        >>> Authenticator.from_auth0("tenant.eu.auth0.com", audience="https://api.example")
        <Authenticator of https://tenant.eu.auth0.com/, closed>
        """
        return cls.from_oidc(auth0_issuer(domain), audience=audience, algorithms=("RS256",), settings=settings)

    async def authenticate(self, token: Token, *, client: str = "", timeout: float | None = None) -> Result:  # noqa: ASYNC109 - a refusal comes of it
        """Return whom ``token`` speaks for, or why it is refused. Raises nothing for a token, whatever it is.

        ``token`` is what stands behind "Bearer"; ``None`` for none. ``client`` is the client's IP address, so that who
        sends many bad tokens is served last. After ``timeout`` seconds it is refused (``deadline_exceeded``). Who is
        cancelled gets ``asyncio.CancelledError``, and nobody's identity.

        Raises ``MisuseError``, and ``TypeError`` for what is neither text nor bytes.
        """
        now = self._opened()
        now.home.require_here()
        found = _known(now, token)
        if not isinstance(found, str):
            return found
        try:
            return await now.home.ask(now.service.authenticate(found, client, timeout))
        except GoneError:
            return _GONE

    def authenticate_sync(self, token: Token, *, client: str = "", timeout: float | None = None) -> Result:
        """Do the same, and block this thread until it is done; never in the loop that the authenticator lives in."""
        now = self._opened()
        found = _known(now, token)
        if not isinstance(found, str):
            return found
        try:
            return now.home.wait(now.service.authenticate(found, client, timeout))
        except GoneError:
            return _GONE

    async def authenticate_batch(
        self,
        tokens: Iterable[Token],
        *,
        client: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> list[Result]:
        """Return the results of many tokens, in their order. New ones go to the verifiers. ``timeout`` is for all."""
        now, texts = self._opened(), [read_token(token) for token in tokens]
        try:
            return await now.home.ask(authenticate_all(now.service, texts, client, timeout))
        except GoneError:
            return [_GONE] * len(texts)

    def authenticate_batch_sync(
        self, tokens: Iterable[Token], *, client: str = "", timeout: float | None = None
    ) -> list[Result]:
        """Do the same, and block this thread until it is done."""
        now, texts = self._opened(), [read_token(token) for token in tokens]
        try:
            return now.home.wait(authenticate_all(now.service, texts, client, timeout))
        except GoneError:
            return [_GONE] * len(texts)

    def metrics(self) -> str:
        """Return the metrics in Prometheus' text format (docs/metrics.md)."""
        now = self._opened()
        return _told(now, now.service.metrics)

    def health(self) -> Health:
        """Return whether tokens can be taken, and what ails it."""
        now = self._opened()
        conditions = tuple(_told(now, now.service.health))
        return Health(all(one.ok for one in conditions), conditions)

    def report(self) -> Report:
        """Return how it fares over the last minutes, with alerts and advice (docs/report.md)."""
        now = self._opened()
        return _told(now, now.service.report)

    def open(self) -> Self:
        """Open it, with an event loop in its own thread; raises ``MisuseError`` if it is, or is about to be, open."""
        with self._alone():
            home = own_home()
            try:
                self._now = home.wait(_started(self._setup, home))
            except BaseException:
                home.close()
                raise
            _with_threads.add(self)
        return self

    def close(self) -> None:
        """Close it: what is under way gets a moment, and is refused then. May be called twice, or in a fork."""
        now = self._now
        if now is not None and now.pid == os.getpid() and not now.home.is_ours:
            raise WrongLoopError("opened in an event loop: await aclose() there")
        self._now = None
        if now is not None and now.pid == os.getpid():
            try:
                now.home.wait(now.service.stop(cancel=True))
            finally:
                now.home.close()

    async def aopen(self) -> Self:
        """Open it in the event loop that runs; raises ``MisuseError`` if it is open, or is being opened."""
        with self._alone():
            self._now = await _started(self._setup, Home(asyncio.get_running_loop()))
        return self

    async def aclose(self) -> None:
        """Close what ``aopen`` has opened, in its loop."""
        now = self._now
        if now is None or now.pid != os.getpid():
            self._now = None
            return
        now.home.require_here()
        self._now = None
        await now.home.ask(now.service.stop(cancel=now.home.is_ours))
        now.home.close()

    def __enter__(self) -> Self:
        """Open it."""
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """Open it here."""
        return await self.aopen()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def __repr__(self) -> str:
        """Name whose tokens it takes."""
        issuers = ", ".join(self._setup.loaded.trust.issuers) or "API keys"
        return f"<{type(self).__name__} of {issuers}, {'closed' if self._now is None else 'open'}>"

    def _opened(self) -> _Open:
        now = self._now
        if now is None:
            raise ClosedError("not open: use it within 'with' or 'async with', or call open() or aopen() first")
        if now.pid != os.getpid():
            raise ClosedError("opened before a fork, by another process: open one in each process, after the fork")
        return now

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Open what is closed, and nobody else opens just now: what the first one starts nobody would ever stop."""
        pid, us = os.getpid(), object()
        # One step, for whichever threads and tasks; a fork that comes meanwhile has another number.
        if self._opening.setdefault(pid, us) is not us:
            raise ClosedError("it is being opened already: wait for that, or make another one")
        try:
            if self._now is not None and self._now.pid == pid:
                raise ClosedError("open already: close it first, or make another one")
            yield
        finally:
            del self._opening[pid]


#: Those with a thread of their own.
_with_threads: "weakref.WeakSet[Authenticator]" = weakref.WeakSet()


def _told(now: _Open, what: Callable[[], _T]) -> _T:
    try:
        return now.home.call(what)
    except GoneError:
        raise ClosedError("it was closed meanwhile") from None


def _known(now: _Open, token: Token) -> Result | str:
    """Return what is known without asking anybody, or the token's text.

    INVARIANT: whom keys and denylist are not looked after for any more is not known: with the home loop they end.
    """
    text = read_token(token)
    if isinstance(text, Refused):
        return now.service.refuse(text)
    if now.service.is_ending or not now.home.is_running:
        return text
    return now.service.recent.recall(text) or text


async def _started(setup: Setup, home: Home) -> _Open:
    service = Service(setup)
    try:
        await service.start()
    except FeedFileError as error:
        await service.stop(cancel=True)
        raise ConfigurationError([Problem("", "revocation.feed", str(error))]) from None
    except BaseException:
        await service.stop(cancel=True)
        raise
    return _Open(service, home, os.getpid())


@atexit.register
def _close_all() -> None:
    """End what those have that nobody closed: their verifiers and threads. Nothing can be awaited any more."""
    for one in list(_with_threads):
        now, one._now = one._now, None  # noqa: SLF001 - in the class's own module
        if now is not None and now.pid == os.getpid():
            now.service.abandon()
            now.home.close()
