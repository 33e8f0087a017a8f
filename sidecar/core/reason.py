"""Why a check ended as it did: one closed enum, and one table of what the client may see of it.

A member's value is the reason code in the response body, the metric label, the log field and the anchor in
``docs/reasons.md``. Adding one means adding its row to ``OUTCOMES``; a test holds the two together.
"""

from dataclasses import dataclass
from enum import StrEnum

from sidecar.core.caller import Level, Whose


class Reason(StrEnum):
    """Every way a check can end. The first six allow, all others deny."""

    # Enum's own is written in Python; each check is counted by its reason, which this makes 0.2 µs cheaper.
    __hash__ = str.__hash__

    ALLOWED = "allowed"
    PUBLIC_PATH = "public_path"
    CORS_PREFLIGHT = "cors_preflight"
    ALLOWED_BY_DEFAULT = "allowed_by_default"
    DRY_RUN = "dry_run"
    ALLOWED_BY_HOOK = "allowed_by_hook"

    NO_CREDENTIAL = "no_credential"
    SEVERAL_CREDENTIALS = "several_credentials"
    MALFORMED_CREDENTIAL = "malformed_credential"
    WRONG_SOURCE = "wrong_source"
    PATH_NOT_NORMAL = "path_not_normal"
    PATH_TOO_LONG = "path_too_long"
    HOST_NOT_NORMAL = "host_not_normal"
    METHOD_NOT_NORMAL = "method_not_normal"
    QUERY_NOT_NORMAL = "query_not_normal"
    REQUEST_TOO_LARGE = "request_too_large"
    BODY_AMBIGUOUS = "body_ambiguous"
    HEADER_NOT_ALLOWED = "header_not_allowed"

    TOKEN_TOO_LARGE = "token_too_large"  # noqa: S105 - a reason code, not a secret
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105 - a reason code, not a secret
    CRITICAL_HEADER = "critical_header"
    WRONG_TOKEN_TYPE = "wrong_token_type"  # noqa: S105 - a reason code, not a secret
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN_API_KEY = "unknown_api_key"
    UNKNOWN_KEY = "unknown_key"
    KEYS_UNAVAILABLE = "keys_unavailable"
    BAD_SIGNATURE = "bad_signature"
    CLAIM_MISSING = "claim_missing"
    CLAIM_INVALID = "claim_invalid"
    WRONG_AUDIENCE = "wrong_audience"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason code, not a secret
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"  # noqa: S105 - a reason code, not a secret
    LIFETIME_TOO_LONG = "lifetime_too_long"
    TOKEN_INACTIVE = "token_inactive"  # noqa: S105 - a reason code, not a secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a reason code, not a secret
    PROOF_REQUIRED = "proof_required"
    PROOF_INVALID = "proof_invalid"
    PROOF_REPLAYED = "proof_replayed"

    INSUFFICIENT_SCOPE = "insufficient_scope"
    DENIED_BY_POLICY = "denied_by_policy"
    NO_POLICY_ALLOWS = "no_policy_allows"
    POLICIES_UNAVAILABLE = "policies_unavailable"
    UNSAFE_IDENTITY = "unsafe_identity"
    EFFECT_FAILED = "effect_failed"
    DENIED_BY_HOOK = "denied_by_hook"

    INTROSPECTION_UNAVAILABLE = "introspection_unavailable"
    OVERLOADED = "overloaded"
    UNREADABLE_REQUEST = "unreadable_request"
    ENVOY_CONFIG_STALE = "envoy_config_stale"
    CALLER_NOT_ALLOWED = "caller_not_allowed"
    ASSERTION_UNAVAILABLE = "assertion_unavailable"
    REVOCATION_UNKNOWN = "revocation_unknown"
    HOOK_FAILED = "hook_failed"
    HOOK_TIMEOUT = "hook_timeout"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client is told for a reason.

    ``status`` is the HTTP status. ``error`` is the RFC 6750 (section 3.1) error code for ``WWW-Authenticate``, or
    ``None`` where that header carries none. ``message`` is plain text for people and names no internals.
    """

    status: int
    error: str | None
    message: str


_INVALID_TOKEN = "invalid_token"  # noqa: S105 - RFC 6750 error code
_INVALID_REQUEST = "invalid_request"
_INSUFFICIENT_SCOPE = "insufficient_scope"
_INVALID_PROOF = "invalid_dpop_proof"  # RFC 9449, section 7.1

OUTCOMES: dict[Reason, Outcome] = {
    Reason.ALLOWED: Outcome(200, None, "allowed by a policy"),
    Reason.PUBLIC_PATH: Outcome(200, None, "public path"),
    Reason.CORS_PREFLIGHT: Outcome(200, None, "CORS preflight"),
    Reason.ALLOWED_BY_DEFAULT: Outcome(200, None, "there is no policy that allows, so all may pass"),
    Reason.DRY_RUN: Outcome(200, None, "nothing is enforced, so what would have been denied may pass"),
    Reason.ALLOWED_BY_HOOK: Outcome(200, None, "allowed by a hook"),
    Reason.NO_CREDENTIAL: Outcome(401, None, "a credential is required"),
    Reason.SEVERAL_CREDENTIALS: Outcome(400, _INVALID_REQUEST, "more than one credential was sent"),
    Reason.MALFORMED_CREDENTIAL: Outcome(400, _INVALID_REQUEST, "the credential is malformed"),
    Reason.WRONG_SOURCE: Outcome(401, _INVALID_TOKEN, "the token is not taken from where it was sent"),
    Reason.PATH_NOT_NORMAL: Outcome(400, None, "the path is not in normal form"),
    Reason.PATH_TOO_LONG: Outcome(414, None, "the path is too long"),
    Reason.HOST_NOT_NORMAL: Outcome(400, None, "the host is not in normal form"),
    Reason.METHOD_NOT_NORMAL: Outcome(400, None, "the method is not in normal form"),
    Reason.QUERY_NOT_NORMAL: Outcome(400, None, "a query parameter is not in its plain spelling"),
    Reason.REQUEST_TOO_LARGE: Outcome(413, None, "the request is too large"),
    Reason.BODY_AMBIGUOUS: Outcome(400, None, "the body has more than one reading, or did not come as a whole"),
    Reason.HEADER_NOT_ALLOWED: Outcome(400, None, "the request has a header that clients may not send"),
    Reason.TOKEN_TOO_LARGE: Outcome(401, _INVALID_TOKEN, "the token is too large"),
    Reason.TOKEN_MALFORMED: Outcome(401, _INVALID_TOKEN, "the token is malformed"),
    Reason.CRITICAL_HEADER: Outcome(401, _INVALID_TOKEN, "the token uses a header extension that is not supported"),
    Reason.WRONG_TOKEN_TYPE: Outcome(401, _INVALID_TOKEN, "the token is of a kind that is not taken here"),
    Reason.ALGORITHM_NOT_ALLOWED: Outcome(401, _INVALID_TOKEN, "the token's algorithm is not allowed"),
    Reason.UNKNOWN_ISSUER: Outcome(401, _INVALID_TOKEN, "the token's issuer is not known"),
    Reason.UNKNOWN_API_KEY: Outcome(401, _INVALID_TOKEN, "the API key is not known"),
    Reason.UNKNOWN_KEY: Outcome(401, _INVALID_TOKEN, "the token's key is not known"),
    Reason.KEYS_UNAVAILABLE: Outcome(503, None, "the keys of the token's issuer are not available; try again later"),
    Reason.BAD_SIGNATURE: Outcome(401, _INVALID_TOKEN, "the token's signature is wrong"),
    Reason.CLAIM_MISSING: Outcome(401, _INVALID_TOKEN, "the token lacks a required claim"),
    Reason.CLAIM_INVALID: Outcome(401, _INVALID_TOKEN, "the token has a claim of the wrong form"),
    Reason.WRONG_AUDIENCE: Outcome(401, _INVALID_TOKEN, "the token is meant for another audience"),
    Reason.TOKEN_EXPIRED: Outcome(401, _INVALID_TOKEN, "the token has expired"),
    Reason.TOKEN_NOT_YET_VALID: Outcome(401, _INVALID_TOKEN, "the token is not valid yet"),
    Reason.LIFETIME_TOO_LONG: Outcome(401, _INVALID_TOKEN, "the token's lifetime is too long"),
    Reason.TOKEN_INACTIVE: Outcome(401, _INVALID_TOKEN, "the token is not active"),
    Reason.TOKEN_REVOKED: Outcome(401, _INVALID_TOKEN, "the token was revoked"),
    Reason.PROOF_REQUIRED: Outcome(401, _INVALID_TOKEN, "the token is bound to a key, and may not be used without it"),
    Reason.PROOF_INVALID: Outcome(401, _INVALID_PROOF, "the DPoP proof does not go with this request"),
    Reason.PROOF_REPLAYED: Outcome(401, _INVALID_PROOF, "the DPoP proof was used before"),
    Reason.INSUFFICIENT_SCOPE: Outcome(403, _INSUFFICIENT_SCOPE, "the token lacks a required scope"),
    Reason.DENIED_BY_POLICY: Outcome(403, None, "denied by a policy"),
    Reason.NO_POLICY_ALLOWS: Outcome(403, None, "no policy allows this request"),
    Reason.POLICIES_UNAVAILABLE: Outcome(503, None, "not all policies are available; try again later"),
    Reason.UNSAFE_IDENTITY: Outcome(403, None, "the token's identity cannot be put into headers safely"),
    Reason.EFFECT_FAILED: Outcome(403, None, "what a policy adds to the request cannot be told"),
    Reason.DENIED_BY_HOOK: Outcome(403, None, "denied by a rule of this service"),
    Reason.INTROSPECTION_UNAVAILABLE: Outcome(503, None, "the token's issuer could not be asked about it"),
    Reason.OVERLOADED: Outcome(503, None, "too many new tokens at once; try again in a moment"),
    Reason.UNREADABLE_REQUEST: Outcome(503, None, "the request could not be read"),
    Reason.ENVOY_CONFIG_STALE: Outcome(503, None, "the proxy does not send all that policies look at"),
    Reason.CALLER_NOT_ALLOWED: Outcome(503, None, "the proxy may not ask here"),
    Reason.ASSERTION_UNAVAILABLE: Outcome(503, None, "the identity could not be signed for the application"),
    Reason.REVOCATION_UNKNOWN: Outcome(503, None, "it is not known which tokens are revoked"),
    Reason.HOOK_FAILED: Outcome(503, None, "a rule of this service failed"),
    Reason.HOOK_TIMEOUT: Outcome(503, None, "a rule of this service took too long"),
    Reason.DEADLINE_EXCEEDED: Outcome(503, None, "the check took too long"),
    Reason.INTERNAL_ERROR: Outcome(503, None, "the check failed"),
}


#: What is denied in global dry run as well: where a request cannot be read as a whole, or is not read since nobody who
#: may ask sent it, nobody can tell which of its headers would have to be removed, or nobody can take one off; and of a
#: query in odd spelling nothing can be. All other denials are told there, and not done (docs/dry-run.md).
ALWAYS_ENFORCED = frozenset(
    (
        Reason.REQUEST_TOO_LARGE,
        Reason.HEADER_NOT_ALLOWED,
        Reason.UNREADABLE_REQUEST,
        Reason.ENVOY_CONFIG_STALE,
        Reason.CALLER_NOT_ALLOWED,
        Reason.QUERY_NOT_NORMAL,
    )
)


class Refusal(Exception):  # noqa: N818 - a refusal is an expected outcome of a step, not an error in it
    """A step of the check says no. Carries the reason; ``detail`` is for logs and tools, never for the client.

    ``whose`` is who was refused, as far as that is known by then, and ``level`` where that was found.
    """

    def __init__(self, reason: Reason, detail: str = "", whose: Whose = None, level: Level = Level.NONE) -> None:
        super().__init__(reason.value, detail)
        self.reason = reason
        self.detail = detail
        self.whose = whose
        self.level = level


class refusing_for:  # noqa: N801 - a context manager, used as a function is: made of a generator it takes 1 µs more
    """Have a refusal say whom it is about: an identity, or an issuer, which is one of the configuration's."""

    __slots__ = ("_level", "_whose")

    def __init__(self, whose: Whose, level: Level = Level.NONE) -> None:
        self._whose, self._level = whose, level

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Say it; whatever was raised goes on."""
        if isinstance(error, Refusal):
            error.whose, error.level = self._whose, self._level
