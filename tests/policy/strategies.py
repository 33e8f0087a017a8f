"""Random policies, public operations, requests and claims that often meet: small alphabets, in the corpus' forms.

Each is drawn so that the product's settings take it: a document may go to ``policy.reference.decide`` and, as it
stands, into a configuration. Not generated: CEL conditions; percentages but 0 and 100; audit policies in dry run; path
modes but ``reject``; hosts and paths that are not in normal form; patterns with encodings, and text behind ``{**}``;
host patterns with IPv6; IPv4 addresses in IPv6 and peers without a SPIFFE id (the corpus has them); headers with more
than 16 commas, ``!`` or bytes that are not UTF-8; CORS preflights; claims that are nested deeper than two.
"""

from typing import Any

from hypothesis import strategies as st

ISSUERS = ["https://idp.example", "https://other.example"]
_HOSTS = ["api.example.com", "www.example.com:8443", "Admin.example.org"]
#: The last three may be read in several ways.
_PATHS = [
    "/",
    "/orders",
    "/orders/",
    "/orders/1",
    "/users/alice/orders",
    "/docs/a.pdf",
    "/orders%3Fx",
    "/users%3Adelete",
    "/a+b%20",
]
_METHODS = ["GET", "POST", "DELETE"]
_ADDRESSES = ["10.0.0.1", "10.1.0.1", "192.0.2.1", "2001:db8::1"]
_PEERS = ["cluster.local/ns/shop/sa/web", "cluster.local/ns/shop/sa/api", "other.local/ns/batch/sa/web"]
_TEXTS = ["a", "ab", "b"]
_PORTS = [8443, 80]

_HOST_PATTERNS = ["api.example.com", "*.example.com", "www.*", "www.example.com:8443", "admin.example.org", "*"]
_PATH_PATTERNS = [
    *("/", "/orders", "/orders/", "/orders/*", "/orders*", "*.pdf", "*orders", "/users:delete", "/a b", "*", "/*"),
    *("/{*}", "/users/{*}/orders", "/{**}", "/orders/{**}", "/orders/{*}", "/users/{**}"),
]
_METHOD_PATTERNS = ["GET", "POST", "P*", "*T", "*"]
_BLOCKS = ["10.0.0.0/8", "10.0.0.1", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"]
_PEER_PATTERNS = [*_PEERS, "cluster.local/*", "*/sa/web", "*"]
_NAMESPACES = ["shop", "batch", "s*", "*op", "*"]
_ACCOUNTS = ["shop/web", "shop/api", "batch/web"]
_PRINCIPALS = [f"{ISSUERS[0]}/alice", f"{ISSUERS[0]}/*", "*/alice", "*"]
_TEXT_PATTERNS = ["a", "ab", "a*", "*b", "*"]
#: Every condition key: patterns for it.
_KEYS = {
    "request.headers[X-Team]": _TEXT_PATTERNS,
    "request.auth.claims[groups]": _TEXT_PATTERNS,
    "request.auth.claims[realm][roles]": [*_TEXT_PATTERNS, "true", "3"],
    "request.auth.claims[scope]": _TEXT_PATTERNS,
    "request.auth.principal": _PRINCIPALS,
    "request.auth.audiences": _TEXT_PATTERNS,
    "request.auth.presenter": _TEXT_PATTERNS,
    "source.ip": _BLOCKS,
    "remote.ip": _BLOCKS,
    "source.principal": _PEER_PATTERNS,
    "source.namespace": _NAMESPACES,
    "source.serviceAccount": _ACCOUNTS,
    "destination.ip": _BLOCKS,
    "destination.port": ["8443", "80"],
    "connection.sni": ["api.example.com", "*.example.com", "*"],
}

Drawn = st.SearchStrategy[dict[str, Any]]


def _some(values: list[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def _members(fields: dict[str, list[Any]], most: int = 3) -> Drawn:
    """Draw an object with one to ``most`` of the fields, each as it is or negated."""
    named = {name: _some(values) for name, values in fields.items()}
    negated = {f"not{name[0].upper()}{name[1:]}": _some(values, 2) for name, values in fields.items()}
    every = named | negated
    # Positive fields twice as often: rules of negations alone match nearly everything.
    chosen = st.lists(st.sampled_from([*named, *named, *negated]), min_size=1, max_size=most, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: every[name] for name in names}))


_IDENTITIES = {"requestPrincipals": _PRINCIPALS, "ipBlocks": _BLOCKS, "remoteIpBlocks": _BLOCKS}
#: As in Istio, service accounts do not go with principals and namespaces.
_SOURCES = _members(_IDENTITIES | {"principals": _PEER_PATTERNS, "namespaces": _NAMESPACES}) | _members(
    _IDENTITIES | {"serviceAccounts": _ACCOUNTS}
)
operations = _members(
    {"hosts": _HOST_PATTERNS, "ports": ["8443", "80"], "methods": _METHOD_PATTERNS, "paths": _PATH_PATTERNS}
)
_CONDITIONS = st.sampled_from(sorted(_KEYS)).flatmap(
    lambda key: st.fixed_dictionaries(
        {"key": st.just(key)}, optional={"values": _some(_KEYS[key]), "notValues": _some(_KEYS[key], 2)}
    ).filter(lambda condition: len(condition) > 1)
)
rules = st.fixed_dictionaries(
    {},
    optional={
        "from": st.lists(st.fixed_dictionaries({"source": _SOURCES}), min_size=1, max_size=2),
        "to": st.lists(st.fixed_dictionaries({"operation": operations}), min_size=1, max_size=2),
        "when": st.lists(_CONDITIONS, min_size=1, max_size=2),
    },
)
_PARTS = {"rules": st.lists(rules, min_size=1, max_size=3)}
_TRIALS = {"dry_run": st.booleans(), "enforce_percent": st.sampled_from([0, 100])}
_ANY_POLICY = st.one_of(
    st.fixed_dictionaries({"action": st.just("allow"), **_PARTS}, optional={**_TRIALS, "scopes": _some(["a", "b"], 2)}),
    st.fixed_dictionaries({"action": st.just("deny"), **_PARTS}, optional=_TRIALS),
    st.fixed_dictionaries({"action": st.just("audit"), **_PARTS}),
)
policies = st.lists(_ANY_POLICY, max_size=6).map(
    lambda drawn: [{"name": f"p{number}", **policy} for number, policy in enumerate(drawn)]
)
public = st.lists(operations, max_size=1)
hops = st.integers(0, 2)

_CLAIM_VALUES = (
    st.none() | st.sampled_from([*_TEXTS, "", True, 3, {}, {"a": "a"}]) | st.lists(st.sampled_from(_TEXTS), max_size=2)
)
#: Of a verified token; ``iss`` is always there.
claims = st.fixed_dictionaries(
    {"iss": st.sampled_from(ISSUERS), "aud": st.sampled_from(_TEXTS) | _some(_TEXTS)},
    optional={
        "sub": st.sampled_from(["alice", "bob", "a/alice"]),
        "azp": st.sampled_from(_TEXTS),
        "groups": _CLAIM_VALUES,
        "realm": _CLAIM_VALUES | st.fixed_dictionaries({"roles": _CLAIM_VALUES}),
        "scope": st.sampled_from(["", "a", "b", "a b", "ab"]),
    },
)
_FORWARDED = st.lists(st.sampled_from([*_ADDRESSES, "unknown"]), min_size=1, max_size=4).map(", ".join)
#: As ``request`` of a case in the corpus: ``policy.cases.evaluated`` makes what the reference evaluator takes.
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(_METHODS),
        "host": st.sampled_from(_HOSTS),
        "path": st.sampled_from(_PATHS) | st.sampled_from(_PATHS).map(lambda path: f"{path}?x=/orders"),
        "headers": st.fixed_dictionaries(
            {},
            optional={"x-team": st.sampled_from([*_TEXTS, ""]) | _some(_TEXTS), "x-forwarded-for": _FORWARDED},
        ),
        "source": st.fixed_dictionaries(
            {"address": st.none() | st.sampled_from(_ADDRESSES)},
            optional={"principal": st.sampled_from([*_PEERS, "cluster.local/web"]).map("spiffe://{}".format)},
        ),
        "destination": st.fixed_dictionaries(
            {"address": st.none() | st.sampled_from(_ADDRESSES), "port": st.none() | st.sampled_from(_PORTS)}
        ),
    },
    optional={"sni": st.sampled_from(["api.example.com", "x.example"])},
)
