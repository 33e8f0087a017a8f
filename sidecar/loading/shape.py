"""What of a configuration is the shape of its processes, and takes a restart; all else may change while they run."""

import hashlib
import json
from collections.abc import Mapping

from sidecar.settings import Settings

#: What a Trust is made of, and so can change from one check to the next; and what control alone looks at, each time.
_RELOADABLE = frozenset(
    {
        *("issuers", "api_keys", "request", "response", "assertion"),
        *("public", "cors_preflight", "policies", "policy_folder", "istio", "dry_run"),
        "report",
    }
)


def shape_of(settings: Settings) -> Mapping[str, object]:
    """Return what cannot change while processes run, by its name."""
    shape = {name: getattr(settings, name) for name in type(settings).model_fields if name not in _RELOADABLE}
    # Who signs, with what, and how long others keep the keys; what is asserted may change.
    assertion = settings.assertion
    return {**shape, "assertion": None if assertion is None else (assertion.keys, assertion.jwks_max_age_seconds)}


def shape_digest(settings: Settings) -> str:
    """Return a digest of that, in hexadecimal; the same one in any process."""
    values = settings.model_dump(mode="json", exclude=set(_RELOADABLE))
    if settings.assertion is not None:
        values["assertion"] = settings.assertion.model_dump(mode="json", include={"keys", "jwks_max_age_seconds"})
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
