"""What came of many cases: for people, and as JUnit's XML for everybody else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from sidecar.cases.coverage import Coverage
from sidecar.cases.expectation import differences
from sidecar.cases.read import Cases
from sidecar.cases.run import prepare, run
from sidecar.cases.trial_trust import TrialTrust


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case, where it stands, and what was not as expected."""

    name: str
    place: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All cases of one file, and the rules that none of them reached."""

    file: str
    outcomes: tuple[Outcome, ...]
    rules: int
    missed: tuple[str, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return those that are not as expected."""
        return tuple(one for one in self.outcomes if one.differences)


def run_cases(cases: Cases, trial: TrialTrust) -> Report:
    """Put all cases of a file through the check."""
    coverage = Coverage(trial.trust.policy)
    outcomes = []
    for number, case in enumerate(cases.content.cases):
        prepared = prepare(case, trial)
        found = tuple(differences(case.expect, run(prepared, trial.trust)))
        outcomes.append(Outcome(case.name, cases.place(number), found))
        coverage.note(prepared, trial.trust)
    return Report(str(cases.path), tuple(outcomes), coverage.rules, tuple(coverage.missed()))


def lines(reports: Sequence[Report]) -> Iterator[str]:
    """Yield what people read: what failed, with its place, rules that no case reaches, and the sums."""
    for report in reports:
        for outcome in report.failed:
            yield f"{outcome.place}: {outcome.name}"
            yield from (f"    {one}" for one in outcome.differences)
        yield from (f"{report.file}: no case reaches {one}" for one in report.missed)
    cases, failed = (sum(map(len, members)) for members in ([r.outcomes for r in reports], [r.failed for r in reports]))
    rules, missed = sum(report.rules for report in reports), sum(len(report.missed) for report in reports)
    yield f"{cases} case(s), {failed} not as expected; {rules - missed} of {rules} rule(s) reached"


def junit(reports: Sequence[Report]) -> str:
    """Return it as JUnit's XML."""
    root = ET.Element("testsuites")
    for report in reports:
        counts = {"tests": str(len(report.outcomes)), "failures": str(len(report.failed))}
        suite = ET.SubElement(root, "testsuite", {"name": report.file, **counts})
        for outcome in report.outcomes:
            case = ET.SubElement(suite, "testcase", {"name": outcome.name, "classname": report.file})
            if outcome.differences:
                failure = ET.SubElement(case, "failure", {"message": outcome.differences[0]})
                failure.text = "\n".join((outcome.place, *outcome.differences))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
