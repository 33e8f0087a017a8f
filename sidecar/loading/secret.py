"""The secret of an issuer, out of the file or variable that the configuration names."""

import os
from pathlib import Path

from sidecar.keys.hmac_secret import MAX_SECRET_BYTES, SecretError
from sidecar.keys.regular_file import open_regular
from sidecar.settings.hmac import HmacSecretSource


def read_secret(source: HmacSecretSource, folder: Path) -> bytes:
    """Return the bytes behind ``source``; raises ``SecretError``.

    No message shows what ``source`` names: somebody may have written the secret there.
    """
    if source.env is not None:
        value = os.environb.get(source.env.encode())
        if value is None:
            raise SecretError("the environment variable that 'env' names is not set")
        return value
    try:
        with open_regular(folder / (source.file or "")) as file:
            return file.read(MAX_SECRET_BYTES + 3)
    except OSError as error:
        raise SecretError(f"the file that 'file' names cannot be read: {error.strerror}") from None
    except ValueError:
        raise SecretError("'file' is no file name") from None
