"""Files of cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sidecar.cases.model import CaseFile
from sidecar.loading.document import Document, read_document
from sidecar.loading.folder import files_in
from sidecar.loading.problem import ConfigurationError, Problem
from sidecar.loading.wording import explain


@dataclass(frozen=True, slots=True)
class Cases:
    """One file of cases. ``values`` are those of its policies, as a configuration would have them."""

    path: Path
    content: CaseFile
    document: Document

    @property
    def values(self) -> Mapping[str, object] | None:
        """Return what there is in place of a configuration, ``None`` where there is nothing."""
        if self.content.policies is None:
            return None
        names = ("policies", "public", "cors_preflight", "response")
        found = {name: self.document.values[name] for name in names if name in self.document.values}
        # Whatever Envoy may be told to send: the cases say what it does.
        sent = {"body": {}, "route_metadata": ["any"]}
        return {**found, "request": {"xff_num_trusted_hops": self.content.xff_num_trusted_hops, **sent}}

    def place(self, number: int) -> str:
        """Return where a case stands, by its number from 0 on."""
        return self.document.source(("cases", number))


def read_cases(paths: Sequence[Path]) -> list[Cases]:
    """Read files, and all those of folders; raises ``ConfigurationError`` with every problem in them."""
    found: list[Cases] = []
    problems: list[Problem] = []
    for path in (one for each in paths for one in (files_in(each) if each.is_dir() else [each])):
        document = read_document(path)
        try:
            found.append(Cases(path, CaseFile.model_validate(document.values), document))
        except ValidationError as error:
            problems += [document.problem(details["loc"], explain(details, CaseFile)) for details in error.errors()]
    if problems:
        raise ConfigurationError(problems)
    return found
