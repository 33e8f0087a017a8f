"""Policies out of a bundle (``policy_bundle``): as if they stood in the configuration itself, behind what is there.

Where it is not there, or not in force any more, a configuration lacks policies. Then nothing that it could have allowed
is allowed, and nothing that it denies is let in:

    never fetched       our own deny policies alone: what it would deny nobody knows, so nothing is allowed; and nobody
                        knows which headers it would set, and no client may send: so global dry run does not hold yet
    out of force        what it denies, and all of our own
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sidecar.bundle.message import Bundle
from sidecar.core.keys import KeySet
from sidecar.core.policy.hook import Hook
from sidecar.core.policy.model import PolicySet
from sidecar.keys.regular_file import read_regular
from sidecar.loading.document import Document, Place
from sidecar.loading.hooks import hook_problems
from sidecar.loading.inclusion import joined
from sidecar.loading.load import Configuration, checked
from sidecar.loading.policy import build_policies
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.settings import Settings
from sidecar.settings.policy_bundle import signers_of


@dataclass(frozen=True, slots=True)
class Combined:
    """Policies with those of a bundle, and those that hold where it is out of force."""

    policies: PolicySet
    without: PolicySet = field(repr=False)


def with_bundle(document: Document, bundle: Bundle) -> Document:
    """Return ``document`` with the policies of ``bundle``; raises ``ConfigurationError``."""
    place = Place(Path(bundle.title), 1, 1)
    places: dict[FieldPath, Place] = {}
    renamed: dict[FieldPath, FieldPath] = {}
    for name, members in bundle.policies.items():
        places[name,] = place
        before = document.values.get(name)
        for index in range(len(members) if isinstance(members, list) else 0):
            places[name, index] = place
            renamed[name, index + (len(before) if isinstance(before, list) else 0)] = (name, index)
    found = joined(document, Document(place.path, dict(bundle.policies), places), "a bundle")
    return replace(found, renamed={**found.renamed, **renamed})


def values_with(values: Mapping[str, object], bundle: Bundle) -> dict[str, object]:
    """Do the same to values, of which it is known that they go together."""
    return with_bundle(Document(Path(), dict(values), {}), bundle).values


def require_fit(values: Mapping[str, object], bundle: Bundle, hooks: Sequence[Hook] = ()) -> None:
    """Raise ``ConfigurationError`` where a bundle does not go with a configuration's values, or with its hooks."""
    _fitting(Document(Path("the configuration"), dict(values), {}), {}, bundle, hooks)


def configuration_with(configuration: Configuration, bundle: Bundle, hooks: Sequence[Hook] = ()) -> Configuration:
    """Return ``configuration`` with a bundle; raises ``ConfigurationError`` where they do not go together."""
    return _fitting(configuration.document, configuration.origins, bundle, hooks)


def _fitting(
    document: Document, origins: Mapping[FieldPath, str], bundle: Bundle, hooks: Sequence[Hook]
) -> Configuration:
    found = checked(with_bundle(document, bundle), origins)
    problems = [found.problem(*one) for one in hook_problems(found.settings, hooks)]
    if problems:
        raise ConfigurationError(problems)
    return found


def combined(own: Settings, policies: PolicySet, bundle: Bundle | None) -> Combined:
    """Return what is in force, of ``policies``, which are those of ``own`` settings and the bundle, if it is there."""
    ours = build_policies(own)
    if bundle is None:
        # INVARIANT: nobody passes, be it in dry run, while it is not known which headers are no client's to send.
        nothing = replace(ours, allow=(), public=(), cors_preflight=(), lacking=True, dry_run=False)
        return Combined(nothing, nothing)
    without = replace(policies, allow=ours.allow, public=ours.public, cors_preflight=ours.cors_preflight, lacking=True)
    return Combined(policies, without)


def read_signers(configuration: Configuration) -> KeySet | None:
    """Read the keys of those who may sign the bundle, ``None`` without one; raises ``ConfigurationError``."""
    settings = configuration.settings.policy_bundle
    if settings is None or settings.keys_file is None:
        return None
    try:
        return signers_of(read_regular(configuration.document.path.parent / settings.keys_file))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except ValueError as error:
        problem = str(error)
    raise ConfigurationError([configuration.problem(("policy_bundle", "keys_file"), problem)])
