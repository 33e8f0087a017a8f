"""Python hooks: from settings, and from what another process found them to be, to what the core knows of them."""

from collections.abc import Iterator, Sequence

from sidecar.core.policy.hook import Hook
from sidecar.core.spelling import ODD
from sidecar.hooking.facts import HookFacts, HookProblemsError, describe, read_facts
from sidecar.loading.load import Configuration
from sidecar.loading.policy import operations_of
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.loading.reserved import has_meaning
from sidecar.settings import Settings
from sidecar.settings.response import IdentityHeaderSettings


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
    mode = settings.request.path_mode
    return tuple(
        Hook(
            name=facts.call,
            digest=bytes.fromhex(facts.digest),
            may_allow=one.may_allow,
            anonymous=facts.declared.anonymous,
            reads_headers=frozenset(facts.declared.reads_headers),
            sets_headers=frozenset(facts.declared.sets_headers),
            asked_at=operations_of(one.on or (), mode, keeps_out=True),
            allows_at=operations_of(one.on or (), mode, keeps_out=False),
        )
        for one, facts in zip(settings.hooks, _of(settings, read_facts(document)), strict=True)
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
    for policy in settings.policies:
        upstream = None if policy.allowed is None else policy.allowed.upstream
        if upstream is not None:
            taken |= dict.fromkeys((*upstream.set, *upstream.append, *upstream.remove), f"{policy.name}'s (a policy)")
    for place, hook in enumerate(hooks):
        for name in sorted(hook.sets_headers):
            if has_meaning(name):
                yield ("hooks", place, "call"), f"sets {name!r}, which means something by itself; choose another name"
            elif ODD.search(name) is not None:
                # Of its look-alikes none is known: clients could speak in the hook's name.
                yield ("hooks", place, "call"), f"sets {name!r}; write letters, digits and '-' alone"
            elif name in taken:
                yield ("hooks", place, "call"), f"sets {name!r}, which is {taken[name]}; choose another name"
            taken.setdefault(name, f"set by {hook.name}, too")
