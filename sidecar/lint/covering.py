"""When one thing is about all that another one is: sets of patterns, conditions, operations, rules.

What is said is so; where it cannot be told by looking at the patterns, the answer is no. A deny rule matches more than
an allow rule of the same words, so it may cover that one; the other way round nobody asks.
"""

from collections.abc import Iterable

from sidecar.core.policy.match import ANY, Matching, StringSet, Template, Values
from sidecar.core.policy.model import Condition, Operation, Rule, Source, Term
from sidecar.core.policy.networks import Block, Blocks

Values_ = Values[StringSet]


def covers(wide: Rule, narrow: Rule) -> bool:
    """Say whether ``wide`` matches whatever ``narrow`` matches."""
    if not all(_is_implied(one, narrow.conditions) for one in wide.conditions):
        return False
    return covers_operations(wide.operations, narrow.operations) and _covers_sources(wide.sources, narrow.sources)


def covers_operations(wide: tuple[Operation, ...], narrow: tuple[Operation, ...]) -> bool:
    """Say whether ``wide`` are about all that ``narrow`` are; none: about everything."""
    if not narrow:
        return not wide or any(is_everything(one) for one in wide)
    return not wide or all(any(covers_operation(one, each) for one in wide) for each in narrow)


def covers_operation(wide: Operation, narrow: Operation) -> bool:
    """Say the same of one operation and another one."""
    return (
        covers_values(wide.paths, narrow.paths, is_always_there=True)
        and covers_values(wide.methods, narrow.methods, is_always_there=True)
        and covers_values(wide.hosts, narrow.hosts, is_always_there=True)
        and covers_values(wide.ports, narrow.ports)
    )


def is_everything(operation: Operation) -> bool:
    """Say whether an operation is about every request."""
    fields = (operation.paths, operation.methods, operation.hosts)
    return operation.ports.is_open and all(is_any(one.values) and one.not_values is None for one in fields)


def is_any(strings: StringSet | None) -> bool:
    """Say whether any text does that is not empty."""
    return strings is None or strings.present


def covers_values(wide: Values[StringSet], narrow: Values[StringSet], *, is_always_there: bool = False) -> bool:
    """Say whether one field matches whatever another one does; ``is_always_there``: the value is never empty."""
    if is_always_there and wide.not_values is None and is_any(wide.values):
        return True
    return _implies(narrow, wide)


def includes(wide: Matching, narrow: Matching) -> bool:
    """Say whether one set has all that another one has."""
    if isinstance(wide, StringSet) and isinstance(narrow, StringSet):
        return _includes_strings(wide, narrow)
    if isinstance(wide, Blocks) and isinstance(narrow, Blocks):
        return all(any(_includes_block(one, each) for one in wide.blocks) for each in narrow.blocks)
    return False


def _is_implied(wanted: Condition | Term, given: Iterable[Condition | Term]) -> bool:
    if not isinstance(wanted, Condition):
        return any(not isinstance(one, Condition) and one.text == wanted.text for one in given)
    alike = (one for one in given if isinstance(one, Condition))
    return any(
        (one.kind, one.path) == (wanted.kind, wanted.path) and _implies(one.values, wanted.values) for one in alike
    )


def _implies(narrow: Values[Matching], wide: Values[Matching]) -> bool:
    if wide.values is not None and (narrow.values is None or not includes(wide.values, narrow.values)):
        return False
    return wide.not_values is None or (narrow.not_values is not None and includes(narrow.not_values, wide.not_values))


def _covers_sources(wide: tuple[Source, ...], narrow: tuple[Source, ...]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(_covers_source(one, each) for one in wide) for each in narrow)


def _covers_source(wide: Source, narrow: Source) -> bool:
    return all(_is_implied(one, narrow.conditions) for one in wide.conditions)


def _includes_strings(wide: StringSet, narrow: StringSet) -> bool:
    if narrow.empty and not wide.empty:
        return False
    if wide.present:
        return True
    return (
        not narrow.present
        and all(map(wide.matches, narrow.exact))
        and all(_has_prefix(wide, one) for one in narrow.prefixes)
        and all(one.endswith(wide.suffixes) for one in narrow.suffixes)
        and all(_has_template(wide, one) for one in narrow.templates)
    )


def _has_prefix(wide: StringSet, prefix: str) -> bool:
    return prefix.startswith((*wide.prefixes, *_roots(wide)))


def _roots(strings: StringSet) -> Iterable[str]:
    """Yield the prefixes that templates stand for: ``/files/`` for ``/files/{**}``."""
    return (one.text.removesuffix(ANY) for one in strings.templates if one.directory + ANY == one.text)


def _has_template(wide: StringSet, template: Template) -> bool:
    before = template.text.partition("{")[0]
    after = template.text.rpartition("}")[2]
    return template in wide.templates or _has_prefix(wide, before) or bool(after and after.endswith(wide.suffixes))


def _includes_block(wide: Block, narrow: Block) -> bool:
    shift = wide.bits - wide.length
    return wide.bits == narrow.bits and wide.length <= narrow.length and (wide.first ^ narrow.first) >> shift == 0
