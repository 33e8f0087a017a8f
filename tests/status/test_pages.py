"""The pages over a real socket: to whom they are shown, and how."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from sidecar.core.trust import Trust
from sidecar.http.listeners import Access
from sidecar.http.message import Page
from sidecar.http.server import Listener
from sidecar.report.model import Report
from sidecar.status.denials import Denial
from sidecar.status.pages import KINDS, StatusPages
from support.denials import denial
from support.listeners import LOOPBACK, TOKEN, Reply, admin, folder, get, run, started, token_file
from support.status_reports import report
from support.trusts import trust

BEARER = f"Authorization: Bearer {TOKEN}"
_VISIT = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")


@dataclass
class Told:
    """What a sidecar tells, as a test wants it."""

    last: Sequence[Denial] | None = field(default_factory=lambda: [denial(), denial(path="/orders/2")])

    async def report(self) -> Report:
        """Return a report."""
        return report()

    def denials(self) -> Sequence[Denial] | None:
        """Return the denials."""
        return self.last

    def trust(self) -> Trust:
        """Return what is decided by."""
        return trust()


def _pages(told: Told) -> Mapping[str, Page]:
    return StatusPages(told.report, told.denials, told.trust).pages()


async def _asked(target: str, *headers: str, method: str = "GET", told: Told | None = None) -> Reply:
    with folder() as place:
        listener: Listener = admin(LOOPBACK, Access(token=token_file(place)), pages=_pages(told or Told()))
        async with started(listener):
            return await get(listener, target, *headers, method=method)


def _get(target: str, *headers: str, method: str = "GET", told: Told | None = None) -> Reply:
    replies = []

    async def test() -> None:
        replies.append(await _asked(target, *headers, method=method, told=told))

    run(test)
    return replies[0]


@pytest.mark.parametrize("path", sorted(set(KINDS) - {"/status/why"}))
@pytest.mark.parametrize("headers", [(), ("Sec-Fetch-Site: none",), ("Sec-Fetch-Site: same-origin",), _VISIT])
def test_who_may_see_it(path: str, headers: tuple[str, ...]) -> None:
    """Whoever has the token sees the page, in a browser too, and it takes nothing from anywhere else."""
    reply = _get(path, BEARER, *headers)
    assert reply.status == 200
    policy = dict(one.split(" ", 1) for one in reply.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize(
    "headers",
    [
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: document"),
        ("Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"),
        ("Sec-Fetch-Site: none", "Origin: null"),
        ("Origin: https://evil.example",),
    ],
)
@pytest.mark.parametrize("path", ["/status", "/status/live", "/status/page.js"])
def test_other_sites_see_nothing(path: str, headers: tuple[str, ...]) -> None:
    """A page of somebody else's gets nothing, be it by script, as a script or in a frame."""
    reply = _get(path, BEARER, *headers)
    assert (reply.status, reply.body) == (403, "not for browsers\n")


@pytest.mark.parametrize("path", sorted(KINDS))
def test_token_is_needed(path: str) -> None:
    """Without the token nothing is shown, and no page asks for it."""
    reply = _get(path)
    assert (reply.status, reply.body) == (401, "a bearer token is required\n")


@pytest.mark.parametrize("path", ["/config", "/explain", "/fail"])
def test_the_rest_is_not_for_browsers(path: str) -> None:
    """What else there is stays closed to browsers, to a user who types its address as well."""
    assert _get(path, BEARER, "Sec-Fetch-Site: none").status == 403
    assert _get(path, BEARER, "Sec-Fetch-Site: same-origin").status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_read_only(method: str) -> None:
    """There is nothing to be done here."""
    reply = _get("/status", BEARER, method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_head() -> None:
    """HEAD has the headers of GET, and no body."""
    reply = _get("/status", BEARER, method="HEAD")
    assert (reply.status, reply.body) == (200, "")


def test_live() -> None:
    """The figures as JSON, with the shape that the page has."""
    live, page = json.loads(_get("/status/live", BEARER).body), _get("/status", BEARER).body
    assert f'data-shape="{live["shape"]}"' in page
    assert live["figures"]["checks-checks"] == ["1,000/s", ""]
    assert live["tables"]["denials"][0][-1] == ["why?", "", denial().name]


def test_why() -> None:
    """A denial that is remembered is explained, by its name."""
    reply = _get(f"/status/why?denial={denial(path='/orders/2').name}", BEARER, "Sec-Fetch-Site: same-origin")
    assert reply.status == 200
    assert "/orders/2" in reply.body
    assert "no_policy_allows" in reply.body


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?denial=",
        "?denial=0",
        f"?denial={denial(path='/not/remembered').name}",
        "?request=%7B%22path%22%3A%22%2Forders%2F1%22%7D",
        "?method=GET&path=/orders/1",
        "?denial=<script>alert(1)</script>",
    ],
)
def test_nothing_else_is_explained(query: str) -> None:
    """Nobody can have a request of their own explained: only what happened, and is remembered. Nothing comes back."""
    reply = _get(f"/status/why{query}", BEARER)
    assert reply.status == 404
    assert "script" not in reply.body
    assert "orders" not in reply.body


def test_denials_that_are_not_kept() -> None:
    """Without remembered denials there is nothing to be explained."""
    told = Told(last=None)
    assert _get(f"/status/why?denial={denial().name}", BEARER, told=told).status == 404
    assert "denials" not in _get("/status", BEARER, told=told).body
