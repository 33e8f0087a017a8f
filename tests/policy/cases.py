"""The corpus of decision cases (``tests/corpus/policy``), and how a case becomes what the reference evaluator takes.

``tests/corpus/policy/README.md`` has the format. What happens before policy comes from the product: the form that a
request must have, and the ways in which its path may be read. Headers are read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from policy.reference import Decision, Outcome, decide
from sidecar.core.endpoint import endpoint_of
from sidecar.core.path import PathMode
from sidecar.core.reason import Refusal

FILES = sorted((Path(__file__).parent.parent / "corpus" / "policy").glob("*.yaml"))

_DOCUMENT = {"policies", "public", "xff_num_trusted_hops", "cases"}
_CASE = {"name", "source", "request", "token", "now", "expect"}
_REQUEST = {"method", "host", "path", "headers", "source", "destination", "sni", "context"}
_EXPECT = {"decision", "reason", "policy", "audited", "dry_run"}
#: Of ``docs/policy.md``: more copies or bytes than that in a header that policy looks at, and it may be anything.
_MAX_COMMAS, _MAX_LENGTH = 16, 4096


@dataclass(frozen=True)
class Case:
    """One case with the policies of its file. ``request``, ``token`` and ``expect`` are as they stand there."""

    file: str
    name: str
    source: str
    policies: list[dict[str, Any]]
    public: list[dict[str, Any]]
    hops: int
    request: Mapping[str, Any]
    token: Mapping[str, Any] | None
    now: str | None
    expect: Mapping[str, Any]

    @property
    def has_cel(self) -> bool:
        """Say whether a policy of its file has a condition in CEL."""
        rules = (rule for policy in self.policies for rule in policy["rules"])
        return any("cel" in condition for rule in rules for condition in rule.get("when", []))

    @property
    def expected(self) -> Outcome:
        """What is to come out; a member that ``expect`` leaves out is empty."""
        told = self.expect.get("dry_run")
        return Outcome(
            self.expect["decision"],
            self.expect["reason"],
            self.expect.get("policy"),
            tuple(self.expect.get("audited", ())),
            None if told is None else Decision(told["decision"], told["reason"], told.get("policy")),
        )


@cache
def load(path: Path) -> list[Case]:
    """Read the cases of one file; raises ``ValueError`` for a field that is none."""
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    _check(path.name, document, _DOCUMENT)
    return [_case(path, document, one) for one in document["cases"]]


def _case(path: Path, document: dict[str, Any], found: dict[str, Any]) -> Case:
    place = f"{path.name}: {found.get('name')}"
    request, expect = found.get("request", {}), found["expect"]
    for members, known in ((found, _CASE), (request, _REQUEST), (expect, _EXPECT)):
        _check(place, members, known)
    return Case(
        file=path.stem,
        name=found["name"],
        source=found["source"],
        policies=document.get("policies", []),
        public=document.get("public", []),
        hops=document.get("xff_num_trusted_hops", 0),
        request=request,
        token=found.get("token"),
        now=found.get("now"),
        expect=expect,
    )


def _check(place: str, found: Mapping[str, Any], known: set[str]) -> None:
    if unknown := found.keys() - known:
        raise ValueError(f"{place}: no field: {', '.join(sorted(unknown))}")


def reference_outcome(case: Case) -> Outcome:
    """Return what the reference evaluator makes of a case."""
    try:
        request = evaluated(case.request)
    except Refusal as refusal:
        return Outcome("deny", refusal.reason.value, None, (), None)
    return decide(case.policies, request, case.token, hops=case.hops, public=case.public)


def evaluated(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that the reference evaluator takes; raises ``Refusal`` for one that is not in normal form.

    ``paths`` and each of ``headers`` are readings, a header that may be anything is ``None``; ``hosts`` are the forms
    of the host; ``forwarded`` is the whole of ``x-forwarded-for``. What is not there is ``None``, a port ``""``.
    """
    source, destination = request.get("source", {}), request.get("destination", {})
    path = request.get("path", "/").partition("?")[0]
    port = str(destination.get("port", 8443) or "")
    host = request.get("host", "api.example.com")
    endpoint = endpoint_of(request.get("method", "GET"), host, path, port, PathMode.REJECT, 8192)
    headers = {name.lower(): _joined(value) for name, value in request.get("headers", {}).items()}
    return {
        "method": endpoint.method,
        "hosts": endpoint.hosts,
        "paths": endpoint.paths,
        "port": endpoint.port,
        "headers": {name: _header_readings(value) for name, value in headers.items()},
        "forwarded": headers.get("x-forwarded-for"),
        "source": source.get("address", "192.0.2.1") or None,
        "principal": source.get("principal") or None,
        "destination": destination.get("address") or None,
        "sni": request.get("sni"),
    }


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _header_readings(value: str) -> list[str] | None:
    if value.count(",") > _MAX_COMMAS or len(value) > _MAX_LENGTH:
        return None
    return list(dict.fromkeys((value, *(copy.strip() for copy in value.split(",")))))
