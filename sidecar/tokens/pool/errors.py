"""What a signing pool raises."""


class SigningUnavailableError(RuntimeError):
    """Nothing was signed in time, and nothing can be done about it here. The text says why, and where to look."""


class KeyNotHeldError(SigningUnavailableError):
    """No worker holds the key that was asked for any more: ask for the signing key again."""
