"""What a span may tell of a check. Whatever is not a member here is told by none: no token, no query, no header."""

from enum import StrEnum


class Told(StrEnum):
    """One thing, as the configuration names it."""

    OUTCOME = "outcome"  #: as metrics have it: allowed, denied, or would_deny in dry run
    REASON = "reason"
    POLICY = "policy"
    ISSUER = "issuer"
    METHOD = "method"
    STATUS = "status"  #: that of the client's answer, where it is a denial
    HOST = "host"
    PATH = "path"  #: without the query
    SUBJECT = "subject"
    REQUEST_ID = "request_id"
