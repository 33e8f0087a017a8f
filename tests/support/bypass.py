"""The bypass table's files, and when a trick of each group has got through."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support import server_readings
from support.raw_http import RawRequest, send_http1, send_http2
from support.raw_upstream import RawUpstream, Seen

FOLDER = Path(__file__).parents[1] / "e2e" / "bypass"
_SEND = {1: send_http1, 2: send_http2}
#: Longer than anything a policy looks at, and within Envoy's limit.
_LONG = "a" * 8000
#: A header that says which attempt a request is.
_NUMBER = "x-number"


@dataclass(frozen=True, slots=True)
class Trick:
    """One row of the table."""

    name: str
    request: RawRequest
    protocols: tuple[int, ...]
    reason: str | None
    row: Mapping[str, Any]

    def of(self, guard: "Guard") -> RawRequest:
        """Return the request that is meant for what ``guard`` protects."""
        return replace(
            self.request,
            target=filled(self.request.target if "target" in self.row or guard.target is None else guard.target, guard),
            hosts=self.request.hosts if "hosts" in self.row or guard.host is None else (guard.host,),
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """A policy of ``deny.yaml`` or ``allow.yaml``: where it looks, and what has got through it."""

    name: str
    through: Callable[[Seen], bool]
    protected: str = "admin"
    target: str | None = None
    host: str | None = None


def filled(text: str, guard: Guard) -> str:
    """Return a target with what the guard protects in it."""
    name, code = guard.protected, f"{ord(guard.protected[0]):x}"
    forms = {"{name}": name, "{first}": f"%{code}{name[1:]}", "{twice}": f"%25{code}{name[1:]}"}
    for place, form in forms.items():
        text = text.replace(place, form)
    return text


def rows(group: str, of: str = "tricks") -> Sequence[Trick]:
    """Return the rows of a file."""
    document = YAML(typ="safe").load((FOLDER / f"{group}.yaml").read_text(encoding="utf-8"))
    return [_trick(row, document.get("target", "/orders/1")) for row in document.get(of, ())]


def _trick(row: Mapping[str, Any], target: str) -> Trick:
    body = row.get("body", "")
    fields = [one.replace("{long}", _LONG).replace("{length}", str(len(body))) for one in row.get("fields", ())]
    hosts = row.get("hosts", ["api.example.com"])
    request = RawRequest(row.get("method", "GET"), row.get("target", target), hosts, fields, body)
    return Trick(row["name"], request, tuple(row.get("http", (1, 2))), row.get("reason"), row)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request over one protocol, at what one guard protects."""

    guard: Guard
    request: RawRequest
    protocol: int

    def send(self, port: int, number: int) -> None:
        """Send it, with its number in a header."""
        _SEND[self.protocol](port, replace(self.request, fields=(f"{_NUMBER}: {number}", *self.request.fields)))


def got_through(port: int, upstream: RawUpstream, attempts: Sequence[Attempt]) -> Iterator[str]:
    """Send requests, all at once; yield a line for all that reached the upstream and should not have.

    At once, since Envoy takes a second to close a connection on which something was no HTTP/2.
    """
    for number, seen in _reached(port, upstream, attempts):
        # What has no number was none of ours: it must be nothing that any guard is about.
        for one in attempts if number is None else [attempts[number]]:
            if one.guard.through(seen):
                yield f"{one.guard.name}, HTTP/{one.protocol}: {seen}"


def arriving(port: int, upstream: RawUpstream, attempts: Sequence[Attempt]) -> Sequence[bool]:
    """Say which of some requests reach the upstream."""
    numbers = [number for number, _ in _reached(port, upstream, attempts)]
    return [numbers.count(number) == 1 for number in range(len(attempts))]


def _reached(port: int, upstream: RawUpstream, attempts: Sequence[Attempt]) -> Iterator[tuple[int | None, Seen]]:
    upstream.taken()
    with ThreadPoolExecutor(len(attempts)) as pool:
        list(pool.map(lambda number: attempts[number].send(port, number), range(len(attempts))))
    for seen in upstream.taken():
        number = next(iter(seen.values(_NUMBER)), None)
        yield None if number is None else int(number), seen


def at(protected: str) -> Callable[[Seen], bool]:
    """Return what says whether some server would serve what is at ``/protected`` or under it."""
    return lambda seen: any(
        f"{path}/".startswith(f"/{protected}/")
        for target in (seen.target, *seen.values("x-original-url"), *seen.values("x-rewrite-url"))
        for path in server_readings.paths(target)
    )


def outside(*roots: str) -> Callable[[Seen], bool]:
    """Return what says whether some server would serve what is under none of ``roots``."""
    return lambda seen: not all(f"{path}/".startswith(roots) for path in server_readings.paths(seen.target))


def for_host(*wanted: str, others: bool = False) -> Callable[[Seen], bool]:
    """Return what says whether some server would take a request for one of ``wanted``; with ``others``: for none."""

    def found(seen: Seen) -> bool:
        names = (*seen.values("host"), *seen.values("x-forwarded-host"))
        read = server_readings.hosts(seen.target, tuple(value.strip() for value in names))
        if others:
            return not read <= set(wanted)
        return any(one in wanted or one.endswith(tuple(w[1:] for w in wanted if w.startswith("*"))) for one in read)

    return found


def has_value(name: str, value: str) -> Callable[[Seen], bool]:
    """Return what says whether some server would find ``value`` in a header."""
    return lambda seen: value in server_readings.values(seen.fields, name)


def differs(name: str, value: str) -> Callable[[Seen], bool]:
    """Return what says whether some server would find anything but ``value`` in a header."""
    return lambda seen: server_readings.values(seen.fields, name) != {value}


def is_method(*methods: str) -> Callable[[Seen], bool]:
    """Return what says whether some server would take the method for one of ``methods``."""

    def found(seen: Seen) -> bool:
        overrides = ("x-http-method-override", "x-http-method", "x-method-override")
        named = {value for name in overrides for value in server_readings.values(seen.fields, name)}
        return any(one.strip(" \t\r\n\x00").upper() in methods for one in {seen.method, *named})

    return found


def anything(_seen: Seen) -> bool:
    """Return true: nothing may arrive."""
    return True
