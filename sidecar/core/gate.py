"""Who may have a new token looked at: how protection against floods enters the core."""

from typing import Protocol


class Gate(Protocol):
    """Asked before anything of a token is read that nobody knows."""

    def admits(self, source: str) -> bool:
        """Say whether a new token from ``source``, the client's IP address, may be looked at now."""

    def failed(self, source: str) -> None:
        """Note that a token from ``source`` was bad: inactive, or of a key that its issuer does not have.

        Bad signatures are counted by who finds them.
        """


class _Open:
    def admits(self, source: str) -> bool:  # noqa: ARG002 - the protocol's
        return True

    def failed(self, source: str) -> None:
        pass


#: Lets everybody in.
OPEN: Gate = _Open()
