"""Requests of a log, made of random ones, of which all is known or some was forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import assume

from sidecar.core.reason import Refusal
from sidecar.replay.asked import Asked, Policies, ask
from sidecar.replay.record import Record, Token
from sidecar.settings.root import RequestSettings
from support.trusts import policy_set

_HEADERS = ("x-team", "x-forwarded-for")


def logged(request: dict[str, Any], claims: dict[str, Any] | None) -> Record:
    """Return a request of ``policy.strategies``, with the claims of a good token, ``None``: without one."""
    headers = {
        name: ",".join(value) if isinstance(value, list) else value for name, value in request["headers"].items()
    }
    return Record(
        request["method"],
        request["host"],
        request["path"],
        headers=dict.fromkeys(_HEADERS) | headers,
        address=request["source"]["address"],
        principal=request["source"].get("principal"),
        destination=request["destination"]["address"],
        port=request["destination"]["port"],
        server_name=request.get("sni"),
        token=Token.NONE if claims is None else Token.GOOD,
        claims=claims or {},
        has_all_claims=True,
    )


def forgetting(whole: Record, forgotten: set[str]) -> Record:
    """Return the same with some of it unknown.

    That is headers by name, ``address``, ``principal``, ``port``, ``query``, ``claims``, or ``all claims`` but two.
    """
    forwarded = whole.headers.get("x-forwarded-for")
    if "address" in forgotten and forwarded is not None and forwarded.rpartition(",")[2].strip() != whole.address:
        # Where there is no address the last one of these is taken for it, which Envoy has added. Here it has not: no
        # log of such an Envoy has the one without the other.
        forgotten = {*forgotten, "x-forwarded-for"}
    part = replace(whole, headers={name: value for name, value in whole.headers.items() if name not in forgotten})
    if "claims" in forgotten:
        part = replace(part, token=Token.UNKNOWN, claims={}, has_all_claims=False)
    elif "all claims" in forgotten:
        known = {name: value for name, value in whole.claims.items() if name in {"iss", "sub"}}
        part = replace(part, claims=known, has_all_claims=False)
    return replace(
        part,
        address=None if "address" in forgotten else part.address,
        principal=None if "principal" in forgotten else part.principal,
        port=None if "port" in forgotten else part.port,
        has_query="query" not in forgotten,
    )


def enforced(policies: Sequence[dict[str, Any]], public: Sequence[dict[str, Any]] = (), hops: int = 0) -> Policies:
    """Return what decides, all policies being enforced."""
    written = [{key: value for key, value in one.items() if key != "dry_run"} for one in policies]
    return Policies(policy_set(written, public, hops=hops), RequestSettings.model_validate({}))


def asked_of(record: Record, under: Policies) -> Asked:
    """Return what is asked; for hypothesis, which is to draw another one where the path is refused."""
    try:
        return ask(record, under)
    except Refusal:
        assume(condition=False)
        raise
