"""Nobody changes anything outside business hours, in the sidecar's time zone (TZ)."""

from datetime import datetime

from sidecar.hooks import Decision, Identity, Request, deny


def is_open(now: datetime) -> bool:
    """Say whether it is Monday to Friday, 8 to 18 o'clock."""
    return now.weekday() <= 4 and 8 <= now.hour < 18  # noqa: PLR2004 - Friday, and hours


def check(request: Request, _identity: Identity | None) -> Decision | None:
    """Deny whatever may change something while it is closed."""
    if request.method in {"GET", "HEAD", "OPTIONS"} or is_open(datetime.now().astimezone()):
        return None
    return deny("outside business hours", message="come back between 8 and 18 o'clock, Monday to Friday")
