"""URLs in a configuration that are fetched from."""

from sidecar.keys.remote.addresses import refusal
from sidecar.keys.remote.url import UrlError, parse_url


def check_url(text: str, *, allow_http: bool, allow_private: bool) -> None:
    """Raise ``ValueError`` for a URL that would not be asked."""
    try:
        url = parse_url(text, allow_http=allow_http)
    except UrlError as error:
        raise ValueError(f"'url' {error}") from None
    literal = url.host.replace(".", "").isdigit() or ":" in url.host
    reason = refusal(url.host, allow_private=allow_private) if literal else None
    if reason is not None:
        raise ValueError(f"'url' leads to an address that is not connected to: {reason}")
