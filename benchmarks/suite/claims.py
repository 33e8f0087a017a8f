"""What the original summary of this system claimed, held against what a run has measured, with the arithmetic.

What is calculated is called so. A claim that is not reached is said to be, with what it would take.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from suite.saved import Results

#: What was claimed: tokens, hashes and authentications a second, the last on so many cores; seconds; seconds; bytes;
#: and the part that are hits.
TOKENS, HASHES, CHECKS, CORES = 21_336, 800_000, 24_000, 8
WARM_UP, P99, BYTES, HITS = 3.75, 0.010, 512, 0.98


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim in its own words, the lines that it is about, and what is made of their values (bases of their units).

    ``is_about_numbers``: the lines are about as many as the whole suite has, and say nothing with fewer.
    """

    claimed: str
    lines: tuple[str, ...]
    verdict: Callable[..., str]
    is_about_numbers: bool = False


def _tokens(token: float, one: float, two: float, server: float) -> str:
    """Say it of seconds of CPU a token, by the clock a signature by one verifier and by two, of the server a job."""
    servers, verifiers = CORES / token, (CORES - 1) / one
    limit = min(verifiers, 1 / server)
    who = "the server that hands them over" if limit < verifiers else "the verifiers"
    return (
        f"New tokens, one process: {1 / token:,.0f}/s; two verifiers and their server on these processors: "
        f"{1 / two:,.0f} signatures/s. {TOKENS:,} tokens are the work of {TOKENS * token:.1f} cores. Calculated for "
        f"{CORES} cores: {servers:,.0f} tokens/s by {CORES} servers that verify themselves "
        f"({_reached(servers >= TOKENS)}), {limit:,.0f} signatures/s by one server with {CORES - 1} verifiers "
        f"({_reached(limit >= TOKENS)}), limited by {who}."
    )


def _hashes(xxh64: float, xxh3: float, fnv: float) -> str:
    rates = {"xxh64": 1 / xxh64, "xxh3-128": 1 / xxh3, "FNV-1a-64": 1 / fnv}
    shown = ", ".join(f"{name} {rate:,.0f}/s ({_reached(rate >= HASHES)})" for name, rate in rates.items())
    return f"By one process: {shown}."


def _checks(core: float, sidecar: float, both: float) -> str:
    """Say it of seconds of CPU for a check: in the core, of the server, of Envoy and server for a request."""
    needed = CHECKS * both
    return (
        f"Of known tokens a core does {1 / core:,.0f}/s in the check alone, {1 / sidecar:,.0f}/s with the transport, "
        f"{1 / both:,.0f}/s with Envoy's own part. Calculated: {CHECKS:,} a second are {CHECKS / CORES:,.0f} a core; "
        f"{CHECKS:,} times {both * 1e6:.0f} µs is the work of {needed:.1f} cores, Envoy included, without the load: "
        f"{_reached(needed <= CORES)}."
    )


def _warm_up(restore: float, warm: float, cpu: float) -> str:
    return (
        f"100,000 identities restored in {restore:.2f} s: {_reached(restore <= WARM_UP)}. 10,000 tokens verified anew "
        f"take {warm:.2f} s, and {cpu * 1e6:.0f} µs of CPU each: calculated, on two processors not below "
        f"{10_000 * cpu / 2:.2f} s."
    )


def _latency(envoy: float, attack: float) -> str:
    return (
        f"Through Envoy, at 500 requests a second, {envoy * 1e3:.2f} ms ({_reached(envoy < P99)}); of known callers "
        f"during an attack, straight to the sockets, {attack * 1e3:.2f} ms ({_reached(attack < P99)}). The load is on "
        "the same processors."
    )


def _memory(kept: float, meanwhile: float, local: float, shared: float) -> str:
    return (
        f"Kept for a check of a known token: {kept:.1f} B ({_reached(kept < BYTES)}); taken meanwhile, and given "
        f"back: {meanwhile:,.0f} B ({_reached(meanwhile < BYTES)}). An active token is more: {shared:,.0f} B in the "
        f"shared cache, once for all servers, and {local:,.0f} B in the local cache of each server that meets it, with "
        "its whole answer; settings bound both."
    )


def _hits(ours: float, roomy: float) -> str:
    return (
        f"That is a workload's, not a cache's: {ours:.1%} of Zipf(1.0) over ten times the capacity "
        f"({_reached(ours >= HITS)}), {roomy:.1%} where there is room for all ({_reached(roomy >= HITS)}). "
        "Without room no cache reaches it: the ideal one of that size stands beside it in the table."
    )


def _reached(yes: bool) -> str:  # noqa: FBT001 - a condition
    return "reached" if yes else "not reached"


CLAIMS = (
    Claim("21,336 JWT/s", ("token", "pool-1", "pool-2", "pool-server"), _tokens),
    Claim("800,000 hashes/s", ("hash-xxh64", "hash-xxh3-128", "hash-fnv1a-64"), _hashes),
    Claim("24,000 authentications/s on 8 cores", ("check-known", "native-cpu", "envoy-cpu"), _checks),
    Claim("warm-up in 3.75 s", ("restore", "warm", "warm-cpu"), _warm_up, is_about_numbers=True),
    Claim("p99 below 10 ms", ("envoy-p99", "attack-p99"), _latency),
    Claim("less than 0.5 KB a request", ("kept", "meanwhile", "token-local", "token-shared"), _memory),
    Claim("98 % hits", ("hits-400", "hits-roomy"), _hits),
)


def markdown(results: Results) -> str:
    """Return a table of the claims; one whose lines were not all measured says so."""
    return "\n".join(["| claimed | measured here, and what follows |", "| --- | --- |", *_rows(results)]) + "\n"


def missing(results: Results) -> list[str]:
    """Return the names of lines that a claim is about, and that were not measured."""
    return sorted({name for claim in CLAIMS for name in claim.lines if results.of(name) is None})


def _rows(results: Results) -> Iterator[str]:
    for claim in CLAIMS:
        found = [results.of(name) for name in claim.lines]
        values = [one.value for one in found if one is not None]
        verdict = claim.verdict(*values) if len(values) == len(found) else "Not measured in this run."
        if claim.is_about_numbers and results.size != "whole":
            verdict = "Not measured by a quick look: the claim is about more."
        yield f"| {claim.claimed} | {verdict} |"
