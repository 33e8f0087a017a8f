"""What several ``jwtRules`` are together: rules that say the same are one, and what holds for all must be one thing."""

from collections.abc import Iterator, Mapping, Sequence

from sidecar.istio.authentication import JwtRule
from sidecar.istio.translated import FieldPath

#: Which rule of several, which field of it, and what is wrong.
Disagreement = tuple[int, FieldPath, str]
_ELSEWHERE = "write it in response.identity_headers.claims of the configuration, where it holds for all"


def repeated(rules: Sequence[JwtRule]) -> frozenset[int]:
    """Return which rules stand before already, word for word."""
    return frozenset(index for index, rule in enumerate(rules) if rule in rules[:index])


def disagreements(rules: Sequence[JwtRule], *, others: bool) -> Iterator[Disagreement]:
    """Yield what does not go together; ``others``: whether there are issuers beside those of the rules."""
    for index, rule in enumerate(rules):
        first = next(one for one in rules if one.issuer == rule.issuer)
        if rule != first:
            yield index, ("issuer",), f"{rule.issuer!r} has a rule already that says something else; write one"
        if rule.forward != rules[0].forward:
            yield index, ("forwardOriginalToken",), "is not the same in all rules: the upstream gets all tokens or none"
        field: FieldPath = ("outputClaimToHeaders",)
        if len({one.claim for one in rule.claim_headers}) < len(rule.claim_headers):
            yield index, field, "names a claim twice; one claim goes into one header"
        if claim_headers(rule) != claim_headers(rules[0]):
            # The headers would say of one issuer's tokens what is believed of another's.
            yield index, field, f"is not the same in all rules; {_ELSEWHERE}"
        if rule.claim_headers and others:
            yield index, field, f"would hold for the issuers of the configuration too; {_ELSEWHERE}"


def claim_headers(rule: JwtRule) -> Mapping[str, str]:
    """Return the headers that claims go into, by the claim as the configuration names it; ``.`` leads into a claim."""
    return {_claim(one.claim): one.header.lower() for one in rule.claim_headers}


def _claim(name: str) -> str:
    return "".join(f"[{part}]" for part in name.split(".")) if "." in name else name
