"""Python hooks: from settings, and from what another process found them to be, to what the core knows of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sidecar.core.policy.hook import Hook
from sidecar.core.spelling import ODD
from sidecar.hooking.facts import HookFacts, HookProblemsError, describe, read_facts
from sidecar.loading.load import Configuration
from sidecar.loading.policy import operations_of
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.loading.reserved import has_meaning
from sidecar.settings import Settings
from sidecar.settings.response import IdentityHeaderSettings

_CHOOSE = "call it otherwise here, or leave it out of 'sets_headers' there"


def read_hooks(configuration: Configuration) -> bytes:
    """Have another process import the hooks, and say what they are; raises ``ConfigurationError``."""
    settings = configuration.settings
    try:
        return describe([hook.call for hook in settings.hooks], folder_of(configuration))
    except HookProblemsError as error:
        problems = [configuration.problem(("hooks", place, "call"), text) for place, text in error.problems]
        raise ConfigurationError(problems) from None


def folder_of(configuration: Configuration) -> str | None:
    """Return the folder that modules of hooks are in, if there is one."""
    folder = configuration.settings.hook_folder
    return None if folder is None else str((configuration.document.path.parent / folder).absolute())


def build_hooks(settings: Settings, document: bytes) -> tuple[Hook, ...]:
    """Return the hooks, in the order they are asked in."""
    return tuple(
        replace(
            one,
            digest=bytes.fromhex(facts.digest),
            anonymous=facts.declared.anonymous,
            reads_headers=frozenset(facts.declared.reads_headers),
            sets_headers=frozenset(facts.declared.sets_headers),
        )
        for one, facts in zip(undescribed_hooks(settings), _of(settings, read_facts(document)), strict=True)
    )


def undescribed_hooks(settings: Settings) -> tuple[Hook, ...]:
    """Return what the configuration itself says of its hooks, for tools that import none: names, and where asked."""
    mode = settings.request.path_mode
    return tuple(
        Hook(
            name=one.call,
            digest=b"",
            may_allow=one.may_allow,
            anonymous=False,
            reads_headers=frozenset(),
            sets_headers=frozenset(),
            asked_at=operations_of(one.on or (), mode, keeps_out=True),
            allows_at=operations_of(one.on or (), mode, keeps_out=False),
        )
        for one in settings.hooks
    )


def _of(settings: Settings, facts: Sequence[HookFacts]) -> Sequence[HookFacts]:
    # INVARIANT: the hooks that are asked are those of the configuration, each and in order.
    if [one.call for one in settings.hooks] != [one.call for one in facts]:
        raise ValueError("these are other hooks than the configuration's")
    return facts


def hook_problems(settings: Settings, hooks: Sequence[Hook]) -> Iterator[tuple[FieldPath, str]]:
    """Yield what hooks declare that does not go together with the rest."""
    identity = settings.response.identity_headers
    fields = ("subject", "issuer", "scopes")
    # Applications may go by the usual names whatever the configuration calls them.
    taken = {IdentityHeaderSettings.model_fields[name].default: "an identity header's usual name" for name in fields}
    taken |= {name: "an identity header" for name in (identity.subject, identity.issuer, identity.scopes) if name}
    taken |= dict.fromkeys(identity.claims.values(), "an identity header")
    if settings.assertion is not None:
        taken[settings.assertion.header] = "the assertion's header"
    of_policies = dict(_set_by_policies(settings))
    for place, hook in enumerate(hooks):
        for name in sorted(hook.sets_headers):
            if has_meaning(name):
                yield ("hooks", place, "call"), f"sets {name!r}, which means something by itself; choose another name"
            elif ODD.search(name) is not None:
                # Of its look-alikes none is known: clients could speak in the hook's name.
                yield ("hooks", place, "call"), f"sets {name!r}; write letters, digits and '-' alone"
            elif name in taken:
                yield ("hooks", place, "call"), f"sets {name!r}, which is {taken[name]}; choose another name"
            elif name in of_policies:
                # At the policy: it may be a bundle's, which is what has changed.
                yield (
                    of_policies[name],
                    f"{name!r} is set by the hook {hook.name} (hooks[{place}]), and by one of both alone; {_CHOOSE}",
                )
            taken.setdefault(name, f"set by {hook.name}, too")


def _set_by_policies(settings: Settings) -> Iterator[tuple[str, FieldPath]]:
    """Yield the request's headers that policies change, and where."""
    for number, policy in enumerate(settings.policies):
        upstream = None if policy.allowed is None else policy.allowed.upstream
        if upstream is None:
            continue
        where: FieldPath = ("policies", number, "allowed", "upstream")
        yield from ((name, (*where, "set", name)) for name in upstream.set)
        yield from ((name, (*where, "append", name)) for name in upstream.append)
        yield from ((name, (*where, "remove", place)) for place, name in enumerate(upstream.remove))
