"""Policy as data: ``compile`` makes the values of ``model``, ``evaluate`` looks at them. Nothing is ever executed.

Names and semantics are those of Istio's AuthorizationPolicy (security.istio.io/v1). The differences, all stricter:

1. Default deny: a request that no allow policy admits is denied, also where there is no allow policy at all.
2. Without a valid token only ``public`` operations and ``cors_preflight`` pass; deny policies are looked at even there.
3. A path or header that upstreams may read in several ways must be allowed in each, and is denied if one of them is.
"""
