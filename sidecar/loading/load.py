"""Reading a configuration: the way in for every command."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sidecar.loading.confined import unconfined
from sidecar.loading.consistency import inconsistencies
from sidecar.loading.document import Document, read_document
from sidecar.loading.environment import override
from sidecar.loading.inclusion import with_policies
from sidecar.loading.istio import with_istio
from sidecar.loading.problem import ConfigurationError, FieldPath, Problem
from sidecar.loading.wording import explain
from sidecar.settings import Settings


@dataclass(frozen=True, slots=True)
class Configuration:
    """Valid settings, and where each came from."""

    settings: Settings
    document: Document
    origins: Mapping[FieldPath, str]

    def problem(self, path: FieldPath, message: str) -> Problem:
        """Return a problem with the field at ``path``, with its place."""
        return _problem(self.document, self.origins, path, message)


def load_configuration(path: Path, environment: Mapping[str, str]) -> Configuration:
    """Read ``path`` and the environment; raises ``ConfigurationError`` with every problem in them."""
    document = read_document(path)
    # First, since folders can be named by variables too.
    origins = override(document.values, environment)
    configuration = checked(with_istio(with_policies(document)), origins)
    outside = list(unconfined(configuration.settings, path, environment))
    if outside:
        raise ConfigurationError([configuration.problem(where, message) for where, message in outside])
    return configuration


def configuration_of(document: Document, environment: Mapping[str, str]) -> Configuration:
    """Do the same of a document that was read, and names no folders."""
    return checked(document, override(document.values, environment))


def checked(document: Document, origins: Mapping[FieldPath, str]) -> Configuration:
    """Return the settings in a document that has all of them; raises ``ConfigurationError`` with every problem."""
    try:
        settings = Settings.model_validate(document.values)
    except ValidationError as error:
        raise ConfigurationError(
            [_problem(document, origins, details["loc"], explain(details)) for details in error.errors()]
        ) from None
    configuration = Configuration(settings, document, origins)
    problems = [configuration.problem(where, message) for where, message in inconsistencies(settings)]
    if problems:
        raise ConfigurationError(problems)
    return configuration


def _problem(document: Document, origins: Mapping[FieldPath, str], path: FieldPath, message: str) -> Problem:
    variable = origins.get(path)
    return document.problem(path, message, f"environment variable {variable}" if variable else "")
