"""Asking Python hooks.

```
configuration ─> facts.py ─ a process of its own: describe.py ─> finding.py imports the modules, and says what they are
                   └──────> core.policy.hook.Hook, in the Trust
AskHooks ─> asker.py ─┬─> results.py  kept from before?
                      ├─> inline.py   a plain function, here, under a budget
                      ├─> waiting.py  an async one, in this loop, under a time-out
                      └─> pool.py ── pipes ──> worker.py  in a process that can be ended
                            all: views.py in, calling.py, saying.py out
```
Hooks' modules are imported where they are asked, and never in the supervisor, in control or in a tool. What comes of a
hook is believed once ``saying.py`` has looked at it.
"""
