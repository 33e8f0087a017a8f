"""Python's garbage collector, told what a server is: much that stays, and little that is left in a circle."""

import gc

#: Objects with others in them, made and not yet gone, before the young are looked at. Python's own 700 come together
#: every few checks with new tokens, whose identities stay.
_YOUNG = 20_000


def settle() -> None:
    """Put everything there is now out of the collector's sight. Once, before the first check.

    Modules, the configuration and the Trust, some 50,000 objects, would be walked through in each full collection:
    20 ms and more during which no check is answered. What is made later is looked at as before, only less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)
