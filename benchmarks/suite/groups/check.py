"""A check in the core: everything but the transport, with fifteen headers."""

from contextlib import ExitStack

from sidecar.core.trust import AssertionSettings
from suite.given.checking import new, remembered
from suite.given.trust import a_key, make_trust, request, tokens
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import cpu

TITLE = "a check in the core"
COSTLY = False
TOKENS = 500
_ASSERTION = AssertionSettings(
    *("https://authz.example", "x-auth-assertion", ("behind",), (), 300, "JWT"),
    subject_is_principal=True,
    claims=("groups",),
)


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure tokens that are new, and that are remembered, without and with an assertion for the upstream."""
    key, public = a_key()
    plain, asserted = make_trust(public), make_trust(public, _ASSERTION)
    few = [request(token) for token in tokens(key, size.number(TOKENS, 2))]
    fresh = cpu(new(plain, few, key), len(few), size.seconds)
    known = cpu(remembered(plain, few, key), len(few), size.seconds)
    signed = cpu(new(asserted, few, key), len(few), size.seconds)
    kept = cpu(remembered(asserted, few, key), len(few), size.seconds)
    without = "without an assertion"
    micro = Unit.MICROSECONDS
    return [
        Measurement("check-new", "a token that is new", micro, fresh),
        Measurement("check-known", "one that is remembered", micro, known, Baseline("new", fresh)),
        Measurement("assertion-new", "new, with an assertion signed", micro, signed, Baseline(without, fresh)),
        Measurement("assertion-known", "remembered, with the assertion kept", micro, kept, Baseline(without, known)),
    ]
