"""What was found, as JSON: names as the values have them, sets sorted, nothing that steers a terminal (ASCII)."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sidecar.doctor.finding.kinds import Finding
from sidecar.doctor.snapshot import VERSION, Snapshot


def encode(snapshot: Snapshot, findings: Sequence[Finding], problems: Sequence[str], unknown: Sequence[str]) -> str:
    """Return it. ``problems`` are those of a configuration that is refused, ``unknown`` what could not be looked at."""
    made = snapshot.made
    document = {
        "version": VERSION,
        "given": asdict(snapshot.given),
        "made": None if made is None else {**asdict(made), "memory_bytes": made.memory_bytes},
        "running": None if snapshot.running is None else asdict(snapshot.running),
        "files": [asdict(one) for one in snapshot.files],
        "socket": None if snapshot.socket is None else asdict(snapshot.socket),
        "forward_auth_socket": None if snapshot.forward_auth_socket is None else asdict(snapshot.forward_auth_socket),
        "warnings": list(snapshot.warnings),
        "findings": [asdict(one) for one in findings],
        "problems": list(problems),
        "unknown": list(unknown),
    }
    return json.dumps(document, indent=2, default=sorted)
