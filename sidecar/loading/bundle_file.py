"""YAML files as what is signed: read, joined and looked at, before anybody is to believe them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sidecar.core.strict_json import MAX_DEPTH, Json, JsonError, loads_object
from sidecar.loading.document import Document, read_document
from sidecar.loading.inclusion import MEMBERS, joined
from sidecar.loading.load import checked
from sidecar.loading.problem import ConfigurationError, Problem

#: Nobody's, for what a configuration must have beside policies.
_ISSUER = {"issuer": "https://issuer.invalid", "any_audience": True, "keys": {"jwks": {"keys": []}}}


def policies_in(files: Sequence[Path]) -> dict[str, Json]:
    """Return what YAML files of policies have together; raises ``ConfigurationError``.

    What depends on a configuration (its path mode, its own policies) is looked at where there is one.
    """
    document = Document(files[0], {}, {})
    for file in files:
        document = joined(document, read_document(file), "a bundle")
    checked(replace(document, values={**document.values, "issuers": [_ISSUER]}), {})
    if not any(document.values.get(name) for name in MEMBERS):
        raise ConfigurationError([Problem(str(files[0]), "", "has no policies")])
    return _as_json(files[0], document.values)


def _as_json(file: Path, values: object) -> dict[str, Json]:
    # Within the bundle it stands one level deeper.
    whole = {"policies": values}
    try:
        found = loads_object(json.dumps(whole, allow_nan=False).encode())["policies"]
    except (JsonError, ValueError) as error:
        text = f"cannot be written as JSON of {MAX_DEPTH} levels: {error}"
        raise ConfigurationError([Problem(str(file), "", text)]) from None
    assert isinstance(found, dict)  # noqa: S101 - as it was put in
    return found
