"""One endpoint: a question, and the body of its answer if that is one."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from sidecar.core.introspection import Introspection
from sidecar.introspection.breaker import Breaker
from sidecar.introspection.client_auth import ClientAuthError, authentication
from sidecar.introspection.result import Result
from sidecar.introspection.session import SessionFactory
from sidecar.introspection.token_review import answer_of_review, review_of
from sidecar.keys.remote.resolver import AddressRefusedError

#: Bytes of an answer. Claims of a token are some KiB; all of it is kept in memory until it is read.
MAX_BODY_BYTES = 64 * 1024
#: Seconds between two lines in the log about one endpoint.
_LOG_EVERY = 10.0
_OK, _BAD_REQUEST, _TOO_MANY, _SERVER_ERROR = 200, 400, 429, 500
_OF_OURS = {401, 403, 404, 405, 407}  # our credentials or our configuration are wrong, whatever the token

_log = logging.getLogger(__name__)


class _FailureError(Exception):
    """No answer. ``counts``: it says something of the endpoint, and not of the token alone."""

    def __init__(self, text: str, *, counts: bool = True) -> None:
        super().__init__(text)
        self.counts = counts


class Endpoint:
    """Asks at one URL. ``observe`` is told how each question ended. Close it after the last one."""

    def __init__(
        self, introspection: Introspection, folder: Path, sessions: SessionFactory, observe: Callable[[Result], None]
    ) -> None:
        self._introspection = introspection
        self._folder = folder
        self._sessions = sessions
        self._observe = observe
        self._session: aiohttp.ClientSession | None = None
        self._breaker = Breaker()
        self._logged_at = float("-inf")

    async def ask(self, token: bytes) -> bytes | None:
        """Return what the endpoint says of ``token``, as RFC 7662 spells it, or ``None``. Raises nothing."""
        if not self._breaker.admits(time.monotonic()):
            self._observe(Result.REJECTED)
            return None
        try:
            body = await self._exchange(token.decode("ascii"))
        except _FailureError as failure:
            self._failed(str(failure), counts=failure.counts)
        except ClientAuthError as error:
            self._failed(f"cannot authenticate: {error}")
        except TimeoutError:
            self._failed(f"no answer within {self._introspection.timeout:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its own text may quote what was sent.
            self._failed(f"{type(error).__name__}{_address(error)}")
        except BaseException:
            self._breaker.abandoned()
            raise
        else:
            self._breaker.succeeded()
            self._observe(Result.ANSWERED)
            return body
        return None

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, token: str) -> bytes:
        endpoint = self._introspection
        headers, fields = authentication(endpoint.client, self._folder, time.time())
        is_review = endpoint.kind == "token_review"
        question = (
            {"json": review_of(token, endpoint.audiences)}
            if is_review
            else {"data": {"token": token, "token_type_hint": "access_token", **fields}}
        )
        headers = {"accept": "application/json", **headers}
        async with self._open().post(endpoint.url, headers=headers, allow_redirects=False, **question) as response:
            _check(response, created=is_review)
            body = await _read(response)
        return answer_of_review(body) if is_review else body

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            endpoint = self._introspection
            ca_file = None if endpoint.ca_file is None else str(self._folder / endpoint.ca_file)
            self._session = self._sessions(
                ca_file=ca_file,
                allow_private=endpoint.allow_private,
                timeout=endpoint.timeout,
                connections=endpoint.max_in_flight,
            )
        return self._session

    def _failed(self, text: str, *, counts: bool = True) -> None:
        now = time.monotonic()
        if counts:
            self._breaker.failed(now)
        else:
            self._breaker.abandoned()
        self._observe(Result.FAILED)
        if now - self._logged_at >= _LOG_EVERY:
            self._logged_at = now
            _log.warning("introspection at %s: %s", self._introspection.url, text)


def _check(response: aiohttp.ClientResponse, *, created: bool) -> None:
    if response.status != _OK and not (created and response.status == 201):  # noqa: PLR2004 - Created, of a review
        about_us = response.status in _OF_OURS or response.status == _TOO_MANY or response.status >= _SERVER_ERROR
        raise _FailureError(f"HTTP status {response.status}", counts=about_us or response.status < _BAD_REQUEST)
    if response.content_type != "application/json":
        raise _FailureError("the answer is not application/json")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _FailureError("the answer is compressed, though nobody asked for that")
    if (response.content_length or 0) > MAX_BODY_BYTES:
        raise _FailureError(f"the answer is larger than {MAX_BODY_BYTES} bytes")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            response.close()
            raise _FailureError(f"the answer is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _address(error: BaseException) -> str:
    inner = getattr(error, "os_error", error)
    return f": {inner}" if isinstance(inner, AddressRefusedError) else ""
