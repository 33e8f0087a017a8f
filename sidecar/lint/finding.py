"""What a check finds, and the codes of all that there is to be found."""

from dataclasses import dataclass
from enum import StrEnum

from sidecar.loading.problem import FieldPath


class Code(StrEnum):
    """Stable names: they stand in comments that accept a finding, and are headings of docs/policy-lint.md."""

    ALLOW_ALL = "allow-all"
    PUBLIC_ALL = "public-all"
    BLOCK_ALL = "block-all"
    NOTHING_ALLOWED = "nothing-allowed"
    PREFIX_WITHOUT_SLASH = "prefix-without-slash"
    SUFFIX_WITHOUT_DELIMITER = "suffix-without-delimiter"
    HOST_PREFIX = "host-prefix"
    HOST_WITH_PORT = "host-with-port"
    REGEX_WITHOUT_ANCHORS = "regex-without-anchors"
    REDUNDANT_VALUE = "redundant-value"
    CONTRADICTION = "contradiction"
    SHADOWED_RULE = "shadowed-rule"
    DENIED_ANYWAY = "denied-anyway"
    PUBLIC_ANYWAY = "public-anyway"
    SCOPES_NOT_NEEDED = "scopes-not-needed"
    DENY_CLOSES_PUBLIC = "deny-closes-public"
    DENY_WITHOUT_IDENTITY = "deny-without-identity"
    DENY_ON_HEADER = "deny-on-header"
    ALLOW_ON_HEADER = "allow-on-header"
    REMOTE_IS_PEER = "remote-is-peer"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` is so, ``why`` that is hardly meant, and what to ``write``. ``field`` is where."""

    code: Code
    field: FieldPath
    what: str
    why: str
    write: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with its place in a file; ``accepted`` by a comment there."""

    finding: Finding
    file: str
    line: int
    column: int
    name: str
    accepted: bool

    def __str__(self) -> str:
        """Return it in one line, as compilers do."""
        found = self.finding
        place = f"{self.file}:{self.line}:{self.column}: {self.name}"
        return f"{place}: {found.what}: {found.why}; {found.write} [{found.code}]"
