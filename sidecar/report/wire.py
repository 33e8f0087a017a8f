"""A report as JSON, both ways. pydantic is known here alone."""

from pydantic import TypeAdapter, ValidationError

from sidecar.report.model import VERSION, Report

_ADAPTER = TypeAdapter(Report)


class WireError(ValueError):
    """Bytes that are no report of this version. The text says what is wrong, and is one line."""


def encode(report: Report) -> bytes:
    """Return it as JSON, with a line's end."""
    return _ADAPTER.dump_json(report, indent=2) + b"\n"


def decode(document: bytes) -> Report:
    """Read it; fields that are not known here are passed over. Raises ``WireError``."""
    try:
        report = _ADAPTER.validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise WireError(f"not a report: {place}: {first['msg']}") from None
    if report.version != VERSION:
        raise WireError(f"a report of version {report.version}; this is made for version {VERSION}")
    return report
