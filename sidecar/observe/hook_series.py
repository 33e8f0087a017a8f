"""What is counted of Python hooks."""

from enum import StrEnum
from typing import Final

from sidecar.observe.family import Family, Histograms, every


class HookEnd(StrEnum):
    """How asking a Python hook ended; all but the last as ``core.hooked`` has them."""

    NOTHING = "nothing"
    ALLOW = "allow"
    ADD = "add"
    DENY = "deny"
    FAILED = "failed"  #: it raised something, or returned what is no decision
    TIMEOUT = "timeout"  #: it took longer than it may, or the check's deadline came
    SHED = "shed"  #: too many checks waited for it


#: Hooks that there may be. In memory they have the number of their place in the configuration for a name.
MOST_HOOKS: Final = 16
#: The label that has a hook's number, and in the exposition its name.
HOOK: Final = "hook"
HOOKS: Final = tuple(map(str, range(MOST_HOOKS)))

CALLS: Final = Family("authz_hook_calls", "Times that a hook was asked, its kept results apart.", (HOOK,), every(HOOKS))
RESULTS: Final = Family("authz_hook_results", "What came of that.", (HOOK, "result"), every(HOOKS, HookEnd))
KEPT: Final = Family(
    "authz_hook_cache_hits", "Times that a hook was not asked, since its result was kept.", (HOOK,), every(HOOKS)
)
MOVED: Final = Family(
    "authz_hook_moved",
    "Servers that have a hook asked in a process of its own, since it was too slow for them.",
    (HOOK,),
    every(HOOKS),
)
DURATIONS: Final = Histograms(
    "authz_hook_duration_seconds",
    "Seconds that asking a hook takes, kept results apart.",
    (HOOK,),
    every(HOOKS),
    (1e-5, 1e-4, 1e-3, 5e-3, 0.02, 0.05, 0.1, 0.5),
)
