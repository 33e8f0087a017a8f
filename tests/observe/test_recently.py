"""What has happened lately."""

from sidecar.observe.recently import Recently


def test_from_growth_on_for_a_while() -> None:
    """A total that grew is news for so many seconds, and again when it grows again."""
    total, now = 5, 100.0
    lately = Recently(lambda: total, lambda: now, 30.0)
    assert not lately.has_happened()
    total, now = 6, 101.0
    assert lately.has_happened()
    now = 131.0
    assert lately.has_happened()
    now = 131.1
    assert not lately.has_happened()
    total, now = 7, 132.0
    assert lately.has_happened()


def test_asking_again_and_again_counts_once() -> None:
    """Whoever asks often has nothing counted for it but once a second; what came meanwhile is seen then."""
    now, counts = 100.0, [0]

    def count() -> int:
        counts.append(len(counts))
        return counts[-1]

    lately = Recently(count, lambda: now, 30.0)
    before = len(counts)
    assert not any(lately.has_happened() for _ in range(100))
    assert len(counts) == before
    now = 101.0
    assert all(lately.has_happened() for _ in range(100))
    assert len(counts) == before + 1
