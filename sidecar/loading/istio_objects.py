"""The objects in a folder of Istio's documents, each with its place, and checked as far as all are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sidecar.istio.objects import Envelope, Kind, kind_of, members_of
from sidecar.loading.document import Document, read_documents
from sidecar.loading.folder import read_folder
from sidecar.loading.problem import ConfigurationError, FieldPath, Problem
from sidecar.loading.wording import explain

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Object:
    """One of Istio's objects."""

    kind: Kind
    envelope: Envelope
    document: Document

    def problem(self, path: FieldPath, message: str) -> Problem:
        """Return a problem with one of its fields."""
        return self.document.problem(path, message)


@dataclass(frozen=True, slots=True)
class Objects:
    """What a folder has: objects of Istio's, and the names of others, which are nothing to us."""

    found: Sequence[Object]
    others: Sequence[str]


def read_objects(folder: Path) -> Objects:
    """Read a folder; raises ``ConfigurationError`` with all that is wrong in it."""
    return read_folder(folder, _read)


def _read(files: Sequence[Path]) -> Objects:
    found: list[Object] = []
    others: list[str] = []
    problems: list[Problem] = []
    for file in files:
        try:
            documents = [one for whole in read_documents(file) for one in _members(whole)]
        except ConfigurationError as error:
            problems += error.problems
            continue
        for document in documents:
            try:
                one = _object(document)
            except ConfigurationError as error:
                problems += error.problems
                continue
            if one is None:
                others.append(_name(document))
            else:
                found.append(one)
    if problems:
        raise ConfigurationError(problems)
    return Objects(found, others)


def validated(model: type[_M], document: Document) -> _M:
    """Return a document as ``model``, without its status; raises ``ConfigurationError``."""
    try:
        return model.model_validate({name: value for name, value in document.values.items() if name != "status"})
    except ValidationError as error:
        raise ConfigurationError(
            [document.problem(one["loc"], explain(one, model)) for one in error.errors()]
        ) from None


def _object(document: Document) -> Object | None:
    try:
        kind = kind_of(document.values)
    except ValueError as error:
        raise ConfigurationError([document.problem((), str(error))]) from None
    return None if kind is None else Object(kind, validated(Envelope, document), document)


def _members(whole: Document) -> Iterator[Document]:
    """Yield the objects of a list, or the one that it is itself."""
    try:
        count = members_of(whole.values)
    except ValueError as error:
        raise ConfigurationError([whole.problem(("items",), str(error))]) from None
    if count is None:
        yield whole
        return
    items = whole.values["items"]
    assert isinstance(items, list)  # noqa: S101 - members_of saw to it
    for index, values in enumerate(items):
        at = ("items", index)
        places = {path[2:]: place for path, place in whole.places.items() if path[:2] == at}
        yield from _members(Document(whole.path, values, places))


def _name(document: Document) -> str:
    metadata = document.values.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{document.values['kind']} {name}"
