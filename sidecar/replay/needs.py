"""What a condition looks at, by names that people know, so that it can be held against what a log has."""

from collections.abc import Iterator

from sidecar.core.policy.model import AttributeKind, Condition, Expression
from sidecar.core.policy.peer import Proxies
from sidecar.replay.record import Record, Token

_OF_KIND = {
    AttributeKind.PRINCIPAL: ("claim iss", "claim sub"),
    AttributeKind.AUDIENCES: ("claim aud",),
    AttributeKind.PRESENTER: ("claim azp",),
    AttributeKind.SOURCE_IP: ("address",),
    AttributeKind.SOURCE_NAMESPACE: ("source_principal",),
    AttributeKind.SOURCE_PRINCIPAL: ("source_principal",),
    AttributeKind.SERVICE_ACCOUNT: ("source_principal",),
    AttributeKind.DESTINATION_IP: ("destination_address",),
    AttributeKind.DESTINATION_PORT: ("port",),
    AttributeKind.SNI: ("sni",),
}
#: Variables of CEL. What is not here (method, path, host) every log has.
_OF_VARIABLE = {
    "request.query": ("query",),
    "request.scheme": ("scheme",),
    "request.id": ("header x-request-id",),
    "request.time": ("time",),
    "now": ("time",),
    "identity.subject": ("claim sub",),
    "identity.issuer": ("claim iss",),
    "identity.principal": ("claim iss", "claim sub"),
    "identity.audiences": ("claim aud",),
    "identity.scopes": ("claim scope",),
    "source.address": ("address",),
    "source.principal": ("source_principal",),
    "source.namespace": ("source_principal",),
    "source.service_account": ("source_principal",),
    "destination.address": ("destination_address",),
    "destination.port": ("port",),
    "connection.sni": ("sni",),
}
_IN_EVERY_LOG = frozenset({"request.method", "request.path", "request.host"})
_FORWARDED = "header x-forwarded-for"


def lacking(condition: Condition | Expression, record: Record, proxies: Proxies) -> list[str]:
    """Return what a condition, or a value, looks at, and the record does not have."""
    known = _known(record)
    return [name for name in _needs(condition, proxies) if name not in known and not _is_told(name, record)]


def _known(record: Record) -> frozenset[str]:
    fields = {
        "address": record.address,
        "source_principal": record.principal,
        "destination_address": record.destination,
        "port": record.port,
        "sni": record.server_name,
        "scheme": record.scheme,
        "time": record.time,
    }
    return frozenset(
        (
            *(name for name, value in fields.items() if value is not None),
            *(("query",) if record.has_query else ()),
            *(f"header {name}" for name in record.headers),
            *(f"claim {name}" for name in record.claims),
        )
    )


def _is_told(name: str, record: Record) -> bool:
    """Say whether all claims are known: of one that is not there, that it is not."""
    return name.startswith("claim") and (record.has_all_claims or record.token is Token.NONE)


def _needs(condition: Condition | Expression, proxies: Proxies) -> Iterator[str]:
    if isinstance(condition, Condition):
        yield from _of_condition(condition, proxies)
        return
    yield from (f"header {name}" for name in sorted(condition.headers))
    for variable in sorted(condition.variables - _IN_EVERY_LOG - {"request.headers"}):
        if variable == "identity.claims":
            yield from ("claims",) if condition.claims is None else (f"claim {one}" for one in sorted(condition.claims))
        elif variable == "remote.address":
            yield from _remote(proxies)
        else:
            yield from _OF_VARIABLE.get(variable, (variable,))


def _of_condition(condition: Condition, proxies: Proxies) -> Iterator[str]:
    if condition.kind is AttributeKind.HEADER:
        yield f"header {condition.path[0]}"
    elif condition.kind is AttributeKind.CLAIM:
        yield f"claim {condition.path[0]}"
    elif condition.kind is AttributeKind.REMOTE_IP:
        yield from _remote(proxies)
    else:
        yield from _OF_KIND[condition.kind]


def _remote(proxies: Proxies) -> Iterator[str]:
    yield "address"
    if proxies.xff_num_trusted_hops or not proxies.use_remote_address:
        yield _FORWARDED
