"""Metrics of many sidecars as those of one agent: the same families, with the label ``tenant`` on each sample. Pure.

Prometheus' text format, version 0.0.4, as ``observe.exposition`` writes it: a family's HELP and TYPE, then its samples.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

_COMMENT = re.compile(r"# (?:HELP|TYPE) (\S+)")
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(
    rf"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? ([0-9.e+-]+|[+-]Inf|NaN)", re.ASCII
)


def merged(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of all tenants' metrics together. Lines that are neither comment nor sample are left out.

    A tenant's name needs no escaping: it has none of the characters that would (``workloads.NAME``).
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for tenant, text in texts.items():
        family = ""
        for line in text.split("\n"):  # and at nothing else that Python takes for a line's end: labels may have that
            comment = _COMMENT.match(line)
            if comment is not None:
                family = comment[1]
                head = heads.setdefault(family, [])
                if line not in head and len(head) < 2:  # noqa: PLR2004 - HELP and TYPE, once
                    head.append(line)
            elif (sample := labelled(line, tenant)) is not None:
                samples.setdefault(family, []).append(sample)
    for family, lines in samples.items():
        yield from heads.get(family, ())
        yield from lines


def labelled(line: str, tenant: str) -> str | None:
    """Return a sample's line with the label; ``None`` for a line that is none."""
    found = _SAMPLE.fullmatch(line)
    if found is None:
        return None
    name, labels, value = found.groups()
    return f'{name}{{tenant="{tenant}"{"," if labels else ""}{labels or ""}}} {value}'


def own(name: str, kind: str, text: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    """Yield the lines of a metric of the agent's own, with a value for each tenant; ``""``: without the label."""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for tenant, value in values:
        label = f'{{tenant="{tenant}"}}' if tenant else ""
        yield f"{name}{label} {value:g}"
