"""Records as others read them: which of their texts are all of what they were."""

from collections.abc import Mapping

from sidecar.core.strict_json import Json

#: What nobody is to read.
MASK = "***"
#: What a hashed value begins with, so that nobody takes it for a value.
HASHED = "hash:"
#: What a text ends with that was too long.
CUT = "…"


def is_whole(text: str) -> bool:
    """Say whether a text is neither masked, nor hashed, nor cut."""
    return MASK not in text and not text.startswith(HASHED) and not text.endswith(CUT)


def is_record(members: Mapping[str, Json]) -> bool:
    """Say whether a JSON object is a line of the decision log, and of nobody else's."""
    return members.keys() >= {"decision", "reason", "cache", "mode"}
