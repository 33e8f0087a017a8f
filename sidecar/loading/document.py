"""A YAML file as plain values, with the place of each. YAML 1.2 (``no`` is a string), duplicate members refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from sidecar.loading.problem import ConfigurationError, FieldPath, Problem, dotted

#: Bytes. A thousand policies take some 300 KiB; beyond this it is some other file.
MAX_FILE_BYTES = 4 * 1024 * 1024
#: Values that a document may have at the least; it may have as many as it has characters. Only anchors lead beyond.
_MANY_VALUES = 100_000


#: What reading text that is not YAML raises, ruamel.yaml's own faults included: "!!bool x" is a KeyError in it, and
#: what merges itself ("a: &a {<<: *a}") an AttributeError.
NOT_YAML = (YAMLError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError)


class Place(NamedTuple):
    """Where something stands: lines and columns count from 1."""

    path: Path
    line: int
    column: int

    def __str__(self) -> str:
        """Return it as compilers write it."""
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Document:
    """A configuration's values and where each stands, which may be in several files.

    ``renamed`` is what fields are called in the files, where it is not what they are called here. ``warnings`` are of
    what was found on the way.
    """

    path: Path
    values: dict[str, object]
    places: Mapping[FieldPath, Place]
    renamed: Mapping[FieldPath, FieldPath] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def name(self, field: FieldPath) -> str:
        """Return what ``field`` is called in the file that it is in."""
        for length in range(len(field), 0, -1):
            if field[:length] in self.renamed:
                return dotted((*self.renamed[field[:length]], *field[length:]))
        return dotted(field)

    def problem(self, field: FieldPath, message: str, source: str = "") -> Problem:
        """Return a problem with ``field``; ``source`` is where that comes from, if not from a file."""
        # A mapping's key that is refused is told apart by pydantic with a last part of its own.
        field = field[:-1] if field and field[-1] == "[key]" else field
        return Problem(source or self.source(field), self.name(field), message)

    def source(self, field: FieldPath) -> str:
        """Return ``file:line:column`` of ``field``, or of the nearest enclosing one that is in the file."""
        return str(self.place(field))

    def place(self, field: FieldPath) -> Place:
        """Return the place of ``field``, or of the nearest enclosing one."""
        while field and field not in self.places:
            field = field[:-1]
        return self.places.get(field, Place(self.path, 1, 1))


_Note = Callable[[FieldPath, tuple[int, int] | None], None]


class _UnusableError(Exception):
    """A value of a kind that no field takes: ``args`` are the field's path and what is wrong."""


def read_document(path: Path) -> Document:
    """Read a YAML file; raises ``ConfigurationError``."""
    text = _read_text(path)
    return _document(path, _parse(path, text, lambda yaml, text: [yaml.load(text)])[0], len(text))


def read_documents(path: Path) -> list[Document]:
    """Read a YAML file of several documents, as Kubernetes' are; raises ``ConfigurationError``.

    Empty ones are none. A file of none is refused: it may be one that somebody is about to write.
    """
    text = _read_text(path)
    roots = _parse(path, text, lambda yaml, text: list(yaml.load_all(text)))
    if all(root is None for root in roots):
        raise ConfigurationError([Problem(f"{path}:1:1", "", "has no document; take the file out of the folder")])
    return [_document(path, root, len(text)) for root in roots if root is not None]


def _document(path: Path, root: object, size: int) -> Document:
    if not isinstance(root, CommentedMap):
        found = "nothing" if root is None else "a list" if isinstance(root, CommentedSeq) else "a single value"
        raise ConfigurationError([Problem(f"{path}:1:1", "", f"found {found}; a configuration is a YAML mapping")])
    places: dict[FieldPath, Place] = {}
    note = _Noting(places, path, max(size, _MANY_VALUES))
    note((), (root.lc.line, root.lc.col))
    try:
        values = _members(root, note)
    except _UnusableError as error:
        raise ConfigurationError([Document(path, {}, places).problem(*error.args)]) from None
    return Document(path, values, places)


def _members(root: CommentedMap, note: _Note) -> dict[str, object]:
    members = _plain(root, (), note)
    assert isinstance(members, dict)  # noqa: S101 - a CommentedMap becomes a dict
    return members


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigurationError([Problem(str(path), "", f"is larger than {MAX_FILE_BYTES} bytes")])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem(f"{path}:{line}:1", "", "is not UTF-8")]) from None


def _parse(path: Path, text: str, load: Callable[[YAML, str], list[object]]) -> list[object]:
    try:
        return load(YAML(typ="rt", pure=True), text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigurationError([Problem(place, "", f"is not YAML: {error.problem}")]) from None
    except NOT_YAML as error:
        raise ConfigurationError([Problem(str(path), "", f"is not YAML: {error}")]) from None


def _plain(node: object, at: FieldPath, note: _Note) -> object:
    """Turn ruamel's types, which remember comments and styles, into plain ones, and ``note`` where each stands."""
    if type(node) is CommentedMap:
        for key in node:
            if not isinstance(key, str):
                # 1 and "1" would become one field, and one of the two values would be lost.
                raise _UnusableError(at, f"the name {key!r} is not text; write it in quotes")
            # A mapping that is nothing but a merge ("<<") has no places of its own.
            note((*at, key), node.lc.key(key) if key in (node.lc.data or ()) else None)
        return {str(key): _plain(value, (*at, str(key)), note) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            note((*at, index), node.lc.item(index))
        return [_plain(item, (*at, index), note) for index, item in enumerate(node)]
    return _scalar(node, at)


class _Noting:
    """Notes where values stand, and refuses ``most`` of them: anchors that name each other multiply what they name."""

    def __init__(self, places: dict[FieldPath, Place], path: Path, most: int) -> None:
        self._places, self._path, self._left = places, path, most

    def __call__(self, at: FieldPath, found: tuple[int, int] | None) -> None:
        self._left -= 1
        if self._left < 0:
            raise _UnusableError(at, "is reached when there are more values than a file has; use fewer anchors")
        if found is not None:
            self._places[at] = Place(self._path, found[0] + 1, found[1] + 1)


def _scalar(node: object, at: FieldPath) -> object:
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, ScalarBoolean):
        return bool(node)  # one with an anchor; ruamel derives it from int
    for plain in (int, float, str):
        if isinstance(node, plain):
            return plain(node)
    raise _UnusableError(at, f"a {type(node).__name__} is nothing a configuration has; write text in quotes")
