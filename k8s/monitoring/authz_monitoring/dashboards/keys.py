"""Keys, revocation and policy bundle: what is known, how old it is, and until when it holds."""

from typing import Final

from authz_monitoring.board import Board, Row
from authz_monitoring.panel import BAD, GOOD, WARN, Kind, Limit, Panel, Query, Unit, stat, table
from authz_monitoring.words import POD

_BY: Final = "by (namespace, app, issuer)"
_ISSUER: Final = "{{namespace}}/{{app}} {{issuer}}"
_SAME: Final = "{{namespace}}/{{pod}}"
_DAY: Final = 86400
_NO_YES: Final = {0: "no", 1: "yes"}

_KEYS: Final = Row(
    "Keys of issuers",
    (
        stat(
            "Issuers without a key",
            "Of those whose keys are fetched: every token of theirs is denied.",
            f"count((min {_BY} (authz_keys{{@}} and on (namespace, app, pod, issuer) "
            "authz_key_fetch_failures_in_a_row{@})) == 0) or vector(0)",
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzKeysMissing",),
        ),
        stat(
            "Oldest key set",
            "Since an issuer last confirmed its keys. 15 minutes are usual.",
            "max(authz_key_set_age_seconds{@})",
            Unit.SECONDS,
            limits=(Limit(3600, WARN), Limit(12 * 3600, BAD)),
            alerts=("AuthzKeySetStale",),
        ),
        stat(
            "Next certificate to expire",
            "Of the servers that have the issuers' keys, of keys that came with one, and of our own listeners.",
            'min({__name__=~"authz_.*certificate_expiry_timestamp_seconds", @}) - time()',
            Unit.SECONDS,
            base=BAD,
            limits=(Limit(2 * _DAY, WARN), Limit(14 * _DAY, GOOD)),
            alerts=("AuthzCertificateExpiring", "AuthzKeyServerCertificateExpiring"),
        ),
        stat(
            "Fetches that failed, in a row",
            "The most of any issuer.",
            "max(authz_key_fetch_failures_in_a_row{@})",
            Unit.COUNT,
            limits=(Limit(3, WARN), Limit(10, BAD)),
            alerts=("AuthzKeySetStale",),
        ),
        stat(
            "Keys that changed",
            "Added, removed or replaced, in the time shown, by the pod that saw most.",
            f"max(sum by ({POD}) (increase(authz_key_changes_total{{@}}[$__range])))",
            Unit.COUNT,
        ),
        stat("Keys", "Of all issuers, in the pod that has most.", f"max(sum by ({POD}) (authz_keys{{@}}))", Unit.COUNT),
        Panel(
            "Age of key sets",
            "Seconds since the issuer last confirmed its keys. A saw is as it should be; a ramp is an issuer that "
            "cannot be reached.",
            (Query(f"max {_BY} (authz_key_set_age_seconds{{@}})", _ISSUER),),
            Unit.SECONDS,
            limits=(Limit(3600, WARN),),
            alerts=("AuthzKeySetStale",),
        ),
        Panel(
            "Fetches",
            "How fetching ended: replaced and the same are good, all else says what went wrong.",
            (
                Query(
                    "sum by (issuer, result) (increase(authz_key_fetches_total{@}[RATE]))",
                    "{{issuer}} {{result}}",
                ),
            ),
            Unit.COUNT,
            alerts=("AuthzKeySetStale", "AuthzKeysMissing"),
        ),
        Panel(
            "Keys that came and went",
            "A key that is removed takes with it all that was verified with it.",
            (
                Query(
                    "sum by (issuer, change) (increase(authz_key_changes_total{@}[RATE]))",
                    "{{issuer}} {{change}}",
                ),
            ),
            Unit.COUNT,
        ),
        Panel(
            "Keys of each issuer",
            "How many there are.",
            (Query(f"min {_BY} (authz_keys{{@}})", _ISSUER),),
            Unit.COUNT,
            alerts=("AuthzKeysMissing",),
        ),
        table(
            "When each key was used last",
            "A good token came that was signed with it. A key that nobody has used for longer than tokens live can go.",
            "max by (issuer, kid) (authz_key_last_used_timestamp_seconds{@}) * 1000",
            Unit.TIME,
        ),
        table(
            "When each key came",
            "Of those that came while the sidecar ran.",
            "min by (issuer, kid) (authz_key_since_timestamp_seconds{@}) * 1000",
            Unit.TIME,
        ),
    ),
)
_REVOCATION: Final = Row(
    "Revocation",
    (
        stat(
            "Pods that know what is revoked",
            "Where one does not, it denies everybody (revocation_unknown).",
            "avg(authz_denylist_complete{@})",
            Unit.SHARE,
            base=BAD,
            limits=(Limit(1, GOOD),),
            alerts=("AuthzDenylistIncomplete",),
        ),
        stat(
            "Feed read to its end",
            "Seconds since, in the pod that is furthest behind.",
            "max(authz_revocation_feed_lag_seconds{@})",
            Unit.SECONDS,
            limits=(Limit(10, WARN), Limit(60, BAD)),
            alerts=("AuthzRevocationFeedLagging",),
        ),
        stat(
            "Pods without Redis",
            "They refuse what they know to be revoked, and learn nothing new.",
            "count(authz_revocation_feed_connected{@} == 0) or vector(0)",
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzRevocationFeedLagging",),
        ),
        stat(
            "Fullest denylist",
            "Entries, of those that there is room for.",
            "max(authz_denylist_entries{@} / authz_denylist_capacity{@})",
            Unit.SHARE,
            limits=(Limit(0.8, WARN), Limit(0.9, BAD)),
            alerts=("AuthzDenylistFilling",),
        ),
        stat(
            "Forged messages",
            "In the time shown: messages of the feed that nobody has signed who may.",
            f'max(sum by ({POD}) (increase(authz_revocation_entries_total{{@, result="forged"}}[$__range])))',
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzForgedRevocations",),
        ),
        stat(
            "Entries lost",
            "In the time shown: times that the feed lost entries before they were read.",
            "max(increase(authz_revocation_feed_gaps_total{@}[$__range]))",
            Unit.COUNT,
            limits=(Limit(1, BAD),),
            alerts=("AuthzRevocationsLost",),
        ),
        Panel(
            "Entries on denylists",
            "Pods with one feed have as many, but for what was posted to one alone.",
            (Query("sum by (namespace, pod) (authz_denylist_entries{@})", _SAME),),
            Unit.COUNT,
            alerts=("AuthzDenylistFilling",),
        ),
        Panel(
            "Entries that came",
            "From file, administration and feed, and what became of them.",
            (
                Query(
                    "sum by (source, result) (rate(authz_revocation_entries_total{@}[RATE]))",
                    "{{source}} {{result}}",
                ),
            ),
            Unit.PER_SECOND,
            alerts=("AuthzForgedRevocations", "AuthzRevocationsRefused", "AuthzDenylistFilling"),
        ),
        Panel(
            "How far feeds are behind",
            "Seconds since the feed was last read to its end.",
            (Query("max by (namespace, pod) (authz_revocation_feed_lag_seconds{@})", _SAME),),
            Unit.SECONDS,
            limits=(Limit(60, BAD),),
            alerts=("AuthzRevocationFeedLagging",),
        ),
        Panel(
            "Redis is connected to",
            "By each pod. Times that it was connected anew are authz_revocation_feed_connections_total.",
            (Query("min by (namespace, pod) (authz_revocation_feed_connected{@})", _SAME),),
            Unit.NONE,
            Kind.STATES,
            words=_NO_YES,
            base=BAD,
            limits=(Limit(1, GOOD),),
            alerts=("AuthzRevocationFeedLagging",),
        ),
    ),
)
_BUNDLE: Final = Row(
    "Policy bundle",
    (
        Panel(
            "Version in force",
            "Of one bundle all pods have the same, but for a moment.",
            (Query("max by (namespace, pod, bundle) (authz_policy_bundle_version{@})", f"{_SAME} {{{{bundle}}}}"),),
            Unit.NONE,
            alerts=("AuthzBundleStale",),
        ),
        Panel(
            "Age",
            "Seconds since its server last confirmed it.",
            (Query("max by (namespace, pod, bundle) (authz_policy_bundle_age_seconds{@})", f"{_SAME} {{{{bundle}}}}"),),
            Unit.SECONDS,
            limits=(Limit(3600, WARN),),
            alerts=("AuthzBundleStale",),
        ),
        Panel(
            "Fetches of the bundle",
            "How fetching it ended.",
            (
                Query(
                    "sum by (bundle, result) (increase(authz_policy_bundle_fetches_total{@}[RATE]))",
                    "{{bundle}} {{result}}",
                ),
            ),
            Unit.COUNT,
            alerts=("AuthzBundleStale",),
        ),
        table(
            "Expires",
            "What the bundle allows is denied from then on.",
            "min by (namespace, app, bundle) (authz_policy_bundle_expiry_timestamp_seconds{@}) * 1000",
            Unit.TIME,
            alerts=("AuthzBundleExpiring", "AuthzBundleNotInForce"),
        ),
    ),
)

BOARD: Final = Board(
    "authz-keys",
    "Authorization: keys, revocation and bundle",
    "Which keys there are and how old they are, who is revoked and whether every pod knows, which bundle is in force.",
    (_KEYS, _REVOCATION, _BUNDLE),
)
