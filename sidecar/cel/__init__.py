"""Conditions and values in CEL, the Common Expression Language (https://cel.dev), on Google's implementation of it.

The way of an expression, at load:

    text ──library──> checked tree ──reads, literals, cost──> accepted ──terms──> Term, one for each part of "&&"

1. The library parses it and checks its types: all variables are declared (``variables``).
2. What it reads is taken from the tree, so exactly: variables, headers, claims (``reads``).
3. What could only fail later is refused now: wrong patterns, networks, dates, functions that cost without bound
   (``literals``, ``functions``), and what may take too long with the longest values there can be (``cost``).
4. A condition is taken apart at its outermost ``&&`` (``terms``). Each part is a condition of its own. A value stays
   whole; its type is looked at (``result``), and what comes out of it is made JSON (``outcome``).
5. A simple term is answered without the library (``direct``, ``shapes``), and all terms of a rule that are asked in
   each check are asked at once (``joint``).

INVARIANT: a term is ``True``, ``False`` or ``None``, which is "cannot be told" and keeps the request out; a value is
JSON, or ``None`` for the same. Neither ever raises.

Only ``environment`` imports the library, and nothing else of ours does.
"""

from sidecar.cel.compile import compile_terms, compile_value
from sidecar.cel.error import CelError
from sidecar.cel.joint import Joint, join
from sidecar.cel.term import Term
from sidecar.cel.value import Value

__all__ = ["CelError", "Joint", "Term", "Value", "compile_terms", "compile_value", "join"]
