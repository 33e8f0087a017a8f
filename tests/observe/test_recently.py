"""What has happened lately."""

from sidecar.observe.recently import Recently


def test_from_growth_on_for_a_while() -> None:
    """A total that grew is news for so many seconds, and again when it grows again."""
    total, now = 5, 100.0
    lately = Recently(lambda: total, lambda: now, 30.0)
    assert not lately.has_happened()
    total = 6
    assert lately.has_happened()
    now = 130.0
    assert lately.has_happened()
    now = 130.1
    assert not lately.has_happened()
    total = 7
    assert lately.has_happened()
