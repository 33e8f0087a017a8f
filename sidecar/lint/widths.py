"""What is open to everybody, or to nobody."""

from collections.abc import Iterator

from sidecar.core.policy.model import Action, AttributeKind, Condition
from sidecar.core.policy.networks import Blocks
from sidecar.lint.covering import is_any, is_everything
from sidecar.lint.finding import Code, Finding
from sidecar.lint.subject import Subject, WrittenRule


def widths(subject: Subject) -> Iterator[Finding]:
    """Look for rules about everything, and for policies that allow nothing."""
    yield from _nothing(subject)
    for one in subject.of(Action.ALLOW):
        if _is_about_all(one):
            yield Finding(
                Code.ALLOW_ALL,
                one.field,
                one.label,
                "it allows every request with a valid token",
                "name hosts, methods and paths under 'to', or claims under 'when'",
            )
    for operation in subject.public():
        if (
            operation.is_public
            and is_any(operation.compiled.paths.values)
            and operation.compiled.paths.not_values is None
        ):
            yield Finding(
                Code.PUBLIC_ALL,
                operation.field,
                operation.label,
                "it is about every path: no token is needed for any",
                "name the paths",
            )
    for one in subject.rules:
        yield from _addresses(one, hops=subject.policies.proxies.xff_num_trusted_hops)


def _nothing(subject: Subject) -> Iterator[Finding]:
    settings = subject.settings
    if not settings.public and not any(subject.of(Action.ALLOW)) and not subject.policies.allows_by_default:
        yield Finding(
            Code.NOTHING_ALLOWED,
            ("policies",),
            "no policy has 'action: allow', and nothing is public",
            "every request is denied",
            "write an allow policy for what is wanted",
        )


def _is_about_all(one: WrittenRule) -> bool:
    rule = one.rule
    if one.policy.scopes or rule.sources or rule.conditions:
        return False
    return not rule.operations or any(map(is_everything, rule.operations))


def _addresses(one: WrittenRule, *, hops: int) -> Iterator[Finding]:
    for condition in one.rule.all_conditions:
        if not isinstance(condition, Condition) or not condition.kind.is_address:
            continue
        blocks = [each for each in (condition.values.values, condition.values.not_values) if isinstance(each, Blocks)]
        if any(block.length == 0 for each in blocks for block in each.blocks):
            yield Finding(
                Code.BLOCK_ALL,
                one.field,
                f"{one.label}: a block of length 0 in {condition.kind.value}",
                "it has every address of its kind in it",
                "leave it out where everybody is meant; write IPv4 and IPv6 where both are",
            )
        if condition.kind is AttributeKind.REMOTE_IP and hops == 0:
            yield Finding(
                Code.REMOTE_IS_PEER,
                one.field,
                f"{one.label}: remote addresses, with request.xff_num_trusted_hops at 0",
                "no proxy is trusted, so the client is who is connected, which may be a load balancer",
                "give the number of proxies before Envoy, or write ipBlocks",
            )
