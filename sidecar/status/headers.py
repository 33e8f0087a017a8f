"""What the page's answers say to a browser: load nothing from elsewhere, run nothing but our file, show it to no other.

``trusted-types 'none'`` forbids every way by which script makes markup out of text (Trusted Types, section 4): ours has
no need of any. ``no-store`` and ``nosniff`` each answer of the listener has.
"""

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
HEADERS = (
    ("content-security-policy", "; ".join(_POLICY)),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
