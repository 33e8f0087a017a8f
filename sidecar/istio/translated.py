"""What a part of a document is in our configuration, and which of its fields became which of ours."""

from collections.abc import Mapping
from dataclasses import dataclass

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Translated:
    """Plain values, and what each was in the document: all below a field that is named is so, too."""

    values: Mapping[str, object]
    fields: Mapping[FieldPath, FieldPath]
