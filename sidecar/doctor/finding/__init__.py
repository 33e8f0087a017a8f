"""What is wrong, out of a snapshot: pure. ``kinds.py`` names all findings; a rule makes none of what is not known."""

from collections.abc import Iterator
from typing import Final

from sidecar.doctor.finding.cpus import cpus
from sidecar.doctor.finding.kinds import Finding, Severity, found
from sidecar.doctor.finding.memory import memory
from sidecar.doctor.finding.places import places
from sidecar.doctor.snapshot import Snapshot

_ORDER: Final = tuple(Severity)


def findings(snapshot: Snapshot) -> list[Finding]:
    """Return the findings, the worst first."""
    rules = (cpus, memory, places, _others)
    made = [one for rule in rules for one in rule(snapshot)]
    return sorted(made, key=lambda one: _ORDER.index(one.severity))


def _others(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.given.clock_synchronised is False:
        text = (
            "the clock is synchronised with nothing, by the kernel's account: tokens that are over pass, or good ones "
            "do not, by as much as it is off"
        )
        yield found("clock_unsynchronised", text, "an NTP service: systemctl enable --now chrony")
    for warning in snapshot.warnings:
        yield found("configuration", warning, "as it says")
