"""What an ``Authenticator`` raises: misuse, and nothing about any token."""


class MisuseError(RuntimeError):
    """An authenticator that is used as it cannot be. The text says what to do."""


class ClosedError(MisuseError):
    """It is not open: it was not opened yet, or is closed, or was opened before a fork, in another process."""


class WrongLoopError(MisuseError):
    """It belongs to another event loop, or a call would wait for the very loop that it keeps from running."""
