"""Policies that are valid and hardly what their author meant: ``authz-sidecar policy lint``.

``subject`` is what is looked at: the policies as written, with their places, and compiled. Each check is a function
from it to findings: ``wording`` looks at single patterns, ``widths`` at what is open to everybody, ``reach`` at what no
request comes to, ``identities`` at what clients choose. ``covering`` says when one rule is about all that another one
is. ``finding`` has the codes, each of which docs/policy-lint.md explains with an example; ``run`` does all of it, and
looks what the document accepts.

A check may miss something; what it finds must be so.
"""

from sidecar.lint.finding import Code, Finding
from sidecar.lint.run import lint

__all__ = ["Code", "Finding", "lint"]
