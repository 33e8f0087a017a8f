"""Rules by the paths they may match, so that a check looks at few of them, however many there are.

A path ``/orders/42`` can only match rules that name it, rules with a prefix in one of its directories (``/`` and
``/orders/``), and rules that do not say which paths. The index answers with these, in their order; whether they do
match, policy finds out as if there were no index (a property test holds the two against each other).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from sidecar.core.policy.match import StringSet

T = TypeVar("T")


class PathIndex(Generic[T]):
    """``members`` are each given with the patterns for paths they need one match of; ``None`` among them is any."""

    __slots__ = ("_anywhere", "_exact", "_longest", "_members", "_shortest", "_under")

    def __init__(self, members: Iterable[tuple[T, Sequence[StringSet | None]]]) -> None:
        self._members: list[T] = []
        exact: defaultdict[str, list[int]] = defaultdict(list)
        under: defaultdict[str, list[int]] = defaultdict(list)
        anywhere: list[int] = []
        for number, (member, patterns) in enumerate(members):
            self._members.append(member)
            if any(one is None or one.present or one.empty or one.suffixes for one in patterns):
                anywhere.append(number)
                continue
            for one in filter(None, patterns):
                for path in one.exact:
                    exact[path].append(number)
                for prefix in one.prefixes:
                    under[_directory(prefix)].append(number)
                for template in one.templates:
                    under[template.directory].append(number)
        self._exact, self._under, self._anywhere = dict(exact), dict(under), anywhere
        # Lengths of the directories there are: a path of 4000 directories costs no more than the deepest prefix.
        self._shortest, self._longest = min(map(len, under), default=0), max(map(len, under), default=0)

    def candidates(self, path: str) -> Sequence[T]:
        """Return, in their order, all members that ``path`` may match, and perhaps some that it does not."""
        found = self._anywhere + self._exact.get(path, [])
        end = path.find("/", self._shortest - 1) if self._under else -1
        while 0 <= end < self._longest:
            end += 1
            found = found + self._under.get(path[:end], [])
            end = path.find("/", end)
        if len(found) > 1:
            found = sorted(set(found))
        return [self._members[number] for number in found]

    def tables(self) -> tuple[Mapping[str, Sequence[T]], Mapping[str, Sequence[T]], Sequence[T]]:
        """Return it as it is, for people: by whole path, by directory, and what may match any path."""
        members = self._members
        exact = {path: [members[number] for number in dict.fromkeys(found)] for path, found in self._exact.items()}
        under = {path: [members[number] for number in dict.fromkeys(found)] for path, found in self._under.items()}
        return exact, under, [members[number] for number in self._anywhere]


def _directory(prefix: str) -> str:
    return prefix[: prefix.rfind("/") + 1]
