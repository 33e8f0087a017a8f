"""A verifier that cannot tell good signatures from bad does not start."""

import pytest

from sidecar.verify.pool import warm_up as module
from sidecar.verify.pool.warm_up import warm_up


def test_warm_up() -> None:
    """With libraries that work it goes through."""
    warm_up()


@pytest.mark.parametrize("answer", [True, False])
def test_broken_library(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:  # noqa: FBT001 - generated
    """With one that says the same of all signatures it does not."""
    monkeypatch.setattr(module, "verify", lambda *_: answer)
    with pytest.raises(RuntimeError, match="does not work"):
        warm_up()
