"""Policy as data: ``compile`` makes the values of ``model``, ``evaluate`` looks at them. Nothing is ever executed.

Names and semantics are those of Istio's AuthorizationPolicy (security.istio.io/v1). The differences, all stricter:

1. Default deny: a request that no allow policy admits is denied, also where there is no allow policy at all.
2. Without a valid token only ``public`` operations and ``cors_preflight`` pass; deny policies are looked at even there.
3. A percent-encoded path must be allowed in each of its spellings, and is denied if one of them is.
"""
