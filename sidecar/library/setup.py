"""What an authenticator is made of: a configuration, of which it takes what is about tokens.

Policies, hooks, listeners and the like are for a server: a file that has them can be used all the same, and is checked
as a whole.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sidecar.loading.document import Document
from sidecar.loading.load import Configuration, checked, configuration_of, load_configuration
from sidecar.loading.problem import ConfigurationError, Problem
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Loaded
from sidecar.settings import Settings

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])", re.ASCII)
_TAKEN = (
    *("issuers", "api_keys", "cache", "report", "log_level"),
    *("enable_multiprocessing", "verification_workers", "jwt_processor_workers", "batch_size_threshold"),
    *("process_pool_timeout", "shared_memory_size"),
)
#: Nobody is asked about requests, nothing listens, and nothing is sent to an upstream.
_OURS: dict[str, object] = {
    "servers": 1,
    "policies": [{"name": "everybody", "action": "allow", "rules": [{}]}],
    "probe": {"listen": False},
    "admin": {"listen": False},
    "response": {
        "identity_headers": {"subject": False, "issuer": False, "scopes": False},
        "strip_override_headers": False,
    },
}


@dataclass(frozen=True, slots=True)
class Setup:
    """``load`` reads the configuration, again and again, from ``config`` or whatever it is made of.

    Relative paths in it are relative to the folder of ``config``, which need not be there.
    """

    config: Path
    load: Callable[[], Configuration]
    snapshot: Snapshot
    loaded: Loaded


def setup_of(settings: Settings | Mapping[str, object], folder: Path) -> Setup:
    """Take a settings object, or what would stand in the file; raises ``ConfigurationError``."""
    if isinstance(settings, Settings):
        settings = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    config, values = folder.absolute() / "(settings)", dict(settings)
    return _setup(config, lambda: configuration_of(Document(config, dict(values), {}), {}))


def setup_from(file: Path) -> Setup:
    """Take a file and the environment, as the server does; raises ``ConfigurationError``."""
    config = file.absolute()
    return _setup(config, lambda: load_configuration(config, os.environ))


def _setup(config: Path, whole: Callable[[], Configuration]) -> Setup:
    def load() -> Configuration:
        return narrowed(whole())

    snapshot, loaded = take_snapshot(load())
    return Setup(config, load, snapshot, loaded)


def narrowed(configuration: Configuration) -> Configuration:
    """Return what of a configuration is about tokens; every token that is good is let in by it."""
    values = configuration.document.values
    taken = {name: values[name] for name in _TAKEN if name in values} | _OURS
    request, revocation = values.get("request"), values.get("revocation")
    if isinstance(request, Mapping) and "max_token_bytes" in request:
        taken["request"] = {"max_token_bytes": request["max_token_bytes"]}
    if isinstance(revocation, Mapping) and ("file" in revocation or "feed" in revocation):
        # Who revokes does that elsewhere: there is no administration here to post to.
        taken["revocation"] = {name: value for name, value in revocation.items() if name != "admin_api"}
    return checked(replace(configuration.document, values=taken), dict(configuration.origins))


def oidc_settings(
    issuer: str,
    audiences: list[str],
    algorithms: list[str],
    fetch: Mapping[str, object],
    more: Mapping[str, object],
) -> dict[str, object]:
    """Return the settings of one issuer whose keys are found by OpenID Connect Discovery, and ``more`` beside it."""
    keys: dict[str, object] = {"discovery": True}
    if fetch:
        keys["fetch"] = dict(fetch)
    one: dict[str, object] = {"issuer": issuer, "algorithms": algorithms, "keys": keys}
    if audiences:  # without any the configuration is refused, which says why
        one["audiences"] = audiences
    return {**more, "issuers": [one]}


def auth0_issuer(domain: str) -> str:
    """Return the issuer of an Auth0 tenant, with the slash that its tokens have. Raises ``ConfigurationError``."""
    if _DOMAIN.fullmatch(domain) is None:
        raise ConfigurationError(
            [Problem("", "domain", "is no host name; write tenant.eu.auth0.com, as Auth0 shows it")]
        )
    return f"https://{domain}/"
